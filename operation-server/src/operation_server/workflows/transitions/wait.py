"""Steps that wait for people or time: what ends them."""

from __future__ import annotations

from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from operation_server.workflows.transitions.wake import wake_runs
from satellite.contracts.outcome import ErrorKind

AT_ONCE: Final = 500

# A wait ends well when its time has come, and an approval that nobody has given then fails.
END_DUE: Final = text("""
    WITH due AS (
        SELECT s.id, v.definition FROM run_steps AS s
        JOIN workflow_runs AS r ON r.id = s.run_id JOIN workflow_versions AS v ON v.id = r.version_id
        WHERE s.status = 'waiting' AND s.due_at <= now() ORDER BY s.due_at LIMIT :limit
        FOR UPDATE OF s SKIP LOCKED
    ), ended AS (
        UPDATE run_steps AS s SET
            status = CASE WHEN due.kind = 'wait' THEN 'completed' ELSE 'failed' END,
            error = CASE WHEN due.kind <> 'wait' THEN CAST(:expired AS json) END, ended_at = now()
        FROM (
            SELECT due.id, coalesce(t.task ->> 'kind', 'python') AS kind
            FROM due JOIN run_steps AS s ON s.id = due.id
            CROSS JOIN LATERAL json_array_elements(due.definition -> 'tasks') AS t(task)
            WHERE t.task ->> 'name' = s.task
        ) AS due
        WHERE s.id = due.id RETURNING s.run_id
    )
    INSERT INTO run_wakeups (run_id) SELECT DISTINCT run_id FROM ended
""")
DECIDE: Final = text("""
    UPDATE run_steps SET status = :status, value = CAST(:value AS json), error = CAST(:error AS json),
        ended_at = now()
    WHERE run_id = :run_id AND task = :task AND map_index = :map_index AND status = 'waiting'
    RETURNING id
""")
EXPIRED: Final = {"kind": ErrorKind.TIMEOUT, "message": "Nobody has approved in time."}


def end_due_waits(connection: Connection) -> int:
    """End the steps whose time has come, and return how many runs that concerns."""
    return connection.execute(END_DUE, {"limit": AT_ONCE, "expired": orjson.dumps(EXPIRED).decode()}).rowcount


def decide_step(
    connection: Connection,
    run_id: int,
    task: str,
    *,
    map_index: int,
    is_approved: bool,
    value: dict[str, Any],
) -> bool:
    """Store a decision about a step that waits for one; False if none does (any more)."""
    error = {"kind": ErrorKind.EXIT, "message": f"Rejected by {value['by']}."}
    decided = connection.execute(
        DECIDE,
        {
            "run_id": run_id,
            "task": task,
            "map_index": map_index,
            "status": "completed" if is_approved else "failed",
            "value": orjson.dumps(value).decode(),
            "error": None if is_approved else orjson.dumps(error).decode(),
        },
    ).one_or_none()
    if decided is None:
        return False
    wake_runs(connection, [run_id])
    return True
