"""How backfills begin, go on and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from operation_server.database.rows import AnyRow
from satellite.contracts.workflow_schedule import BackfillStatus

AT_ONCE: Final = 100
RETRY_S: Final = 60.0

# The numbers of one workflow's backfills are given out one after the other: its row is locked by then.
ADD: Final = text("""
    INSERT INTO workflow_backfills (
        workflow_id, number, version_id, schedule, anchor, range_start, range_end, scope, is_reverse,
        max_active, created_by
    )
    SELECT :workflow_id, coalesce(max(number), 0) + 1, :version_id, :schedule, :anchor, :range_start,
           :range_end, :scope, :is_reverse, :max_active, :created_by
    FROM workflow_backfills WHERE workflow_id = :workflow_id
    RETURNING id, number
""")
ADD_TICKS: Final = text("""
    INSERT INTO workflow_backfill_ticks (backfill_id, scheduled_for)
    SELECT :backfill_id, unnest(CAST(:ticks AS timestamptz[]))
""")
KNOWN: Final = text("""
    SELECT t.scheduled_for, r.status FROM workflow_ticks AS t JOIN workflow_runs AS r ON r.id = t.run_id
    WHERE t.workflow_id = :workflow_id AND t.scheduled_for BETWEEN :range_start AND :range_end
""")
PENDING_ELSEWHERE: Final = text("""
    SELECT t.scheduled_for, b.number FROM workflow_backfills AS b
    JOIN workflow_backfill_ticks AS t ON t.backfill_id = b.id AND t.run_id IS NULL
    WHERE b.workflow_id = :workflow_id AND b.status = 'running'
      AND t.scheduled_for BETWEEN :range_start AND :range_end
""")
RUNNING: Final = text("""
    SELECT id FROM workflow_backfills WHERE status = 'running' AND coalesce(retry_at <= now(), true)
    ORDER BY id LIMIT :limit
""")
LOCK: Final = text("""
    SELECT b.id, b.workflow_id, b.version_id, b.schedule, b.anchor, b.is_reverse, b.max_active, b.status,
           w.owner_id, u.is_active AND w.deleted_at IS NULL AS may_go_on
    FROM workflow_backfills AS b
    JOIN workflows AS w ON w.id = b.workflow_id JOIN users AS u ON u.id = w.owner_id
    WHERE b.id = :backfill_id FOR UPDATE OF b
""")
SCHEDULED_WAIT: Final = text("""
    SELECT EXISTS (SELECT 1 FROM workflow_ticks WHERE workflow_id = :workflow_id AND fate = 'queued')
        OR EXISTS (
            SELECT 1 FROM workflow_runs
            WHERE workflow_id = :workflow_id AND status = 'queued' AND trigger <> 'backfill'
        )
""")
OPEN_RUNS: Final = text("""
    SELECT r.id, r.trigger FROM workflow_backfill_ticks AS t JOIN workflow_runs AS r ON r.id = t.run_id
    WHERE t.backfill_id = :backfill_id AND r.status IN ('queued', 'processing') ORDER BY r.id
""")
PENDING: Final = """
    SELECT p.scheduled_for, k.through, r.id AS run_id, r.status
    FROM workflow_backfill_ticks AS p
    LEFT JOIN workflow_ticks AS k ON k.workflow_id = :workflow_id AND k.scheduled_for = p.scheduled_for
    LEFT JOIN workflow_runs AS r ON r.id = k.run_id
    WHERE p.backfill_id = :backfill_id AND p.run_id IS NULL ORDER BY p.scheduled_for {order} LIMIT :limit
"""
OLDEST_PENDING: Final = text(PENDING.format(order="ASC"))
NEWEST_PENDING: Final = text(PENDING.format(order="DESC"))
SET_RUN: Final = text("""
    UPDATE workflow_backfill_ticks SET run_id = :run_id
    WHERE backfill_id = :backfill_id AND scheduled_for = :scheduled_for
""")
SET_TICK: Final = text("""
    INSERT INTO workflow_ticks (workflow_id, scheduled_for, fate, run_id)
    VALUES (:workflow_id, :scheduled_for, 'ran', :run_id)
    ON CONFLICT (workflow_id, scheduled_for) DO UPDATE SET
        fate = 'ran', run_id = excluded.run_id, through = NULL, decided_at = now()
""")
END: Final = text("""
    WITH pending AS (
        DELETE FROM workflow_backfill_ticks WHERE backfill_id = :backfill_id AND run_id IS NULL
    )
    UPDATE workflow_backfills SET status = :status, ended_at = now(), fault = NULL, retry_at = NULL
    WHERE id = :backfill_id AND status = 'running'
""")
NOTE_FAULT: Final = text("""
    UPDATE workflow_backfills SET fault = :fault, retry_at = now() + :retry_s * interval '1 second'
    WHERE id = :backfill_id
""")
CLEAR_FAULT: Final = text("""
    UPDATE workflow_backfills SET fault = NULL, retry_at = NULL
    WHERE id = :backfill_id AND (fault IS NOT NULL OR retry_at IS NOT NULL)
""")


def add(connection: Connection, values: Mapping[str, Any], ticks: Sequence[datetime]) -> AnyRow:
    """Store a backfill of a locked workflow, and return its id and number."""
    added = connection.execute(ADD, dict(values)).one()
    connection.execute(ADD_TICKS, {"backfill_id": added.id, "ticks": list(ticks)})
    return added


def run_states(
    connection: Connection, workflow_id: int, start: datetime, end: datetime
) -> dict[datetime, str]:
    """Return how the newest runs of ticks stand, by their moments."""
    values = {"workflow_id": workflow_id, "range_start": start, "range_end": end}
    return {row.scheduled_for: row.status for row in connection.execute(KNOWN, values)}


def pending_elsewhere(
    connection: Connection, workflow_id: int, start: datetime, end: datetime
) -> dict[datetime, int]:
    """Return the numbers of the running backfills that have ticks still to run, by their moments."""
    values = {"workflow_id": workflow_id, "range_start": start, "range_end": end}
    return {row.scheduled_for: row.number for row in connection.execute(PENDING_ELSEWHERE, values)}


def list_running(connection: Connection, *, limit: int = AT_ONCE) -> list[int]:
    """Return the backfills that go on."""
    return list(connection.scalars(RUNNING, {"limit": limit}))


def lock(connection: Connection, backfill_id: int) -> AnyRow:
    """Return a backfill that nobody else works on until the transaction ends."""
    return connection.execute(LOCK, {"backfill_id": backfill_id}).one()


def scheduled_wait(connection: Connection, workflow_id: int) -> bool:
    """Tell whether other runs of a workflow wait, which go first."""
    return bool(connection.execute(SCHEDULED_WAIT, {"workflow_id": workflow_id}).scalar_one())


def list_open_runs(connection: Connection, backfill_id: int) -> Sequence[AnyRow]:
    """Return the runs of a backfill that have not ended."""
    return connection.execute(OPEN_RUNS, {"backfill_id": backfill_id}).all()


def list_pending(connection: Connection, backfill: AnyRow, *, limit: int) -> Sequence[AnyRow]:
    """Return the next ticks of a backfill, and the newest run of each."""
    statement = NEWEST_PENDING if backfill.is_reverse else OLDEST_PENDING
    values = {"backfill_id": backfill.id, "workflow_id": backfill.workflow_id, "limit": limit}
    return connection.execute(statement, values).all()


def set_run(connection: Connection, backfill: AnyRow, scheduled_for: datetime, run_id: int) -> None:
    """Store which run a tick of a backfill has."""
    values = {"backfill_id": backfill.id, "scheduled_for": scheduled_for, "run_id": run_id}
    connection.execute(SET_RUN, values)


def set_tick(connection: Connection, workflow_id: int, scheduled_for: datetime, run_id: int) -> None:
    """Store that a run was begun for a tick, whatever became of it before."""
    values = {"workflow_id": workflow_id, "scheduled_for": scheduled_for, "run_id": run_id}
    connection.execute(SET_TICK, values)


def end(connection: Connection, backfill_id: int, status: BackfillStatus) -> None:
    """End a backfill that is running; nothing comes of the ticks that have no run yet."""
    connection.execute(END, {"backfill_id": backfill_id, "status": status})


def note_fault(connection: Connection, backfill_id: int, fault: str) -> None:
    """Store why a backfill does not go on; it is tried again later."""
    connection.execute(NOTE_FAULT, {"backfill_id": backfill_id, "fault": fault, "retry_s": RETRY_S})


def clear_fault(connection: Connection, backfill_id: int) -> None:
    """Forget why a backfill did not go on."""
    connection.execute(CLEAR_FAULT, {"backfill_id": backfill_id})
