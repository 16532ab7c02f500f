"""Steps: places of a run that something is done for, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from satellite.contracts.workflow_run import StepStatus

AT_ONCE: Final = 500
"""Steps that one transaction begins; the others follow in the next."""
UNMAPPED: Final = -1

INSERT: Final = text("""
    INSERT INTO run_steps (run_id, task, map_index, status, job_id, item, value, error, due_at, ended_at)
    SELECT :run_id, s.task, s.map_index, s.status, s.job_id, s.item, s.value, s.error,
           now() + s.due_in_s * interval '1 second', CASE WHEN s.status = 'failed' THEN now() END
    FROM json_to_recordset(CAST(:steps AS json)) AS s(
        task text, map_index bigint, status text, job_id bigint, item json, value json, error json,
        due_in_s float8
    )
""")

BEGIN_READY: Final = text("""
    UPDATE run_steps AS r SET status = s.status, job_id = s.job_id, error = s.error,
        due_at = now() + s.due_in_s * interval '1 second',
        ended_at = CASE WHEN s.status = 'failed' THEN now() END
    FROM json_to_recordset(CAST(:steps AS json)) AS s(
        step_id bigint, status text, job_id bigint, error json, due_in_s float8
    )
    WHERE r.id = s.step_id
""")

READY: Final = text("""
    SELECT s.id, s.task, s.map_index, s.item
    FROM run_tasks AS t CROSS JOIN LATERAL (
        SELECT id, task, map_index, item FROM run_steps
        WHERE run_id = t.run_id AND task = t.task AND status = 'ready' ORDER BY map_index
        LIMIT least(
            :room,
            t.max_parallel - (t.steps_begun - t.steps_completed - t.steps_failed - t.steps_cancelled)
        )
    ) AS s
    WHERE t.run_id = :run_id AND t.status = 'running' AND t.steps_begun < t.steps_total
    ORDER BY s.id LIMIT :room
""")


@dataclass(slots=True, kw_only=True)
class Step:
    """A step about to begin."""

    task: str
    map_index: int = UNMAPPED
    item: Any = None
    step_id: int | None = None
    """Of one that was stored before, while there was no room."""
    status: StepStatus = StepStatus.READY
    job_id: int | None = None
    error: dict[str, Any] | None = None
    due_in_s: float | None = None


def list_ready(connection: Connection, run_id: int, *, room: int) -> list[Step]:
    """Return steps that may begin now."""
    rows: Sequence[Row[Any]] = connection.execute(READY, {"run_id": run_id, "room": room}).all()
    return [Step(task=row.task, map_index=row.map_index, item=row.item, step_id=row.id) for row in rows]


def store_steps(connection: Connection, run_id: int, steps: Sequence[Step]) -> None:
    """Store new steps, and what has become of those that were ready."""
    fresh = [_row(step) for step in steps if step.step_id is None]
    known = [_row(step) for step in steps if step.step_id is not None]
    if fresh:
        connection.execute(INSERT, {"run_id": run_id, "steps": orjson.dumps(fresh).decode()})
    if known:
        connection.execute(BEGIN_READY, {"steps": orjson.dumps(known).decode()})


def _row(step: Step) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "task": step.task,
        "map_index": step.map_index,
        "status": step.status,
        "job_id": step.job_id,
        "item": step.item,
        "error": step.error,
        "due_in_s": step.due_in_s,
    }
