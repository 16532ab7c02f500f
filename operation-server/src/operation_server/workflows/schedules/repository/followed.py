"""What the scheduler follows, and what becomes of its ticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from operation_server.database.rows import AnyRow
from satellite.contracts.workflow_schedule import TickFate

AT_ONCE: Final = 100
RETRY_S: Final = 60.0
KEPT_DAYS: Final = 90
"""What became of a tick is kept so long, unless it has a run: then for ever, for backfills ask."""

# A workflow whose schedule, deployed version or pause is not what is being followed.
CHANGED: Final = text("""
    SELECT w.id AS workflow_id, CAST(w.schedule AS text) AS schedule, w.deployed_version AS version,
           w.is_active, greatest(w.updated_at, v.deployed_at) AS since, s.schedule AS followed, s.anchor,
           s.next_at,
           (s.version, s.is_active) IS NOT DISTINCT FROM (w.deployed_version, w.is_active) AS is_only_schedule
    FROM workflows AS w
    JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.deployed_version
    LEFT JOIN workflow_schedules AS s ON s.workflow_id = w.id
    WHERE w.deleted_at IS NULL AND w.schedule IS NOT NULL
      AND (s.schedule, s.version, s.is_active) IS DISTINCT FROM
          (CAST(w.schedule AS text), w.deployed_version, w.is_active)
    ORDER BY w.id LIMIT :limit
""")
FOLLOW: Final = text("""
    INSERT INTO workflow_schedules (workflow_id, schedule, version, is_active, anchor, next_at, fault)
    VALUES (:workflow_id, :schedule, :version, :is_active, :anchor, :next_at, :fault)
    ON CONFLICT (workflow_id) DO UPDATE SET
        schedule = excluded.schedule, version = excluded.version, is_active = excluded.is_active,
        anchor = excluded.anchor, next_at = excluded.next_at, retry_at = NULL, fault = excluded.fault
""")
UNFOLLOW: Final = text("""
    WITH gone AS (
        DELETE FROM workflow_schedules AS s USING workflows AS w
        WHERE w.id = s.workflow_id
          AND (w.deleted_at IS NOT NULL OR w.schedule IS NULL OR w.deployed_version IS NULL)
        RETURNING s.workflow_id
    )
    UPDATE workflow_ticks AS t SET fate = 'missed', decided_at = now() FROM gone
    WHERE t.workflow_id = gone.workflow_id AND t.fate = 'queued'
""")
END_QUEUED: Final = text("""
    UPDATE workflow_ticks SET fate = :fate, decided_at = now()
    WHERE workflow_id = :workflow_id AND fate = 'queued'
""")
DUE: Final = text("""
    SELECT workflow_id FROM workflow_schedules
    WHERE next_at <= now() AND coalesce(retry_at <= now(), true) ORDER BY next_at LIMIT :limit
""")
# What has changed since it was followed is not due: whoever changed it wants the ticks of the new one.
LOCK: Final = text("""
    SELECT s.workflow_id, s.schedule, s.is_active, s.anchor, s.next_at, w.owner_id, u.is_active AS has_owner,
           v.id AS version_id, now() AS now
    FROM workflow_schedules AS s
    JOIN workflows AS w ON w.id = s.workflow_id JOIN users AS u ON u.id = w.owner_id
    JOIN workflow_versions AS v ON v.workflow_id = s.workflow_id AND v.version = s.version
    WHERE s.workflow_id = :workflow_id AND w.deleted_at IS NULL AND s.schedule = CAST(w.schedule AS text)
      AND s.version = w.deployed_version AND s.is_active = w.is_active
    FOR UPDATE OF s SKIP LOCKED
""")
OPEN_RUNS: Final = text("""
    SELECT id FROM workflow_runs
    WHERE workflow_id = :workflow_id AND status IN ('queued', 'processing') AND trigger = 'schedule'
    ORDER BY id
""")
COUNT_QUEUED: Final = text(
    "SELECT count(*) FROM workflow_ticks WHERE workflow_id = :workflow_id AND fate = 'queued'"
)
ADD_TICK: Final = text("""
    INSERT INTO workflow_ticks (workflow_id, scheduled_for, through, fate)
    VALUES (:workflow_id, :scheduled_for, :through, :fate) ON CONFLICT DO NOTHING RETURNING fate
""")
SET_RUN: Final = text("""
    UPDATE workflow_ticks SET fate = 'ran', run_id = :run_id, decided_at = now()
    WHERE workflow_id = :workflow_id AND scheduled_for = :scheduled_for
""")
NEXT_QUEUED: Final = text("""
    SELECT scheduled_for FROM workflow_ticks
    WHERE workflow_id = :workflow_id AND fate = 'queued' ORDER BY scheduled_for LIMIT 1
""")
WITH_ROOM: Final = text("""
    SELECT DISTINCT t.workflow_id FROM workflow_ticks AS t
    JOIN workflow_schedules AS s ON s.workflow_id = t.workflow_id
    WHERE t.fate = 'queued' AND s.is_active AND coalesce(s.retry_at <= now(), true) AND NOT EXISTS (
        SELECT 1 FROM workflow_runs AS r WHERE r.workflow_id = t.workflow_id AND r.trigger = 'schedule'
          AND r.status IN ('queued', 'processing')
    )
    LIMIT :limit
""")
MOVE_ON: Final = text("""
    UPDATE workflow_schedules SET next_at = :next_at, retry_at = NULL, fault = NULL
    WHERE workflow_id = :workflow_id
""")
NOTE_FAULT: Final = text("""
    UPDATE workflow_schedules SET fault = :fault, retry_at = now() + :retry_s * interval '1 second'
    WHERE workflow_id = :workflow_id
""")
NEXT_IN: Final = text("""
    SELECT extract(epoch FROM min(greatest(next_at, retry_at)) - now())::float8 FROM workflow_schedules
    WHERE next_at IS NOT NULL
""")
FORGET: Final = text("""
    DELETE FROM workflow_ticks
    WHERE run_id IS NULL AND fate <> 'queued' AND decided_at < now() - :days * interval '1 day'
""")


def list_changed(connection: Connection, *, limit: int = AT_ONCE) -> Sequence[AnyRow]:
    """Return the workflows whose schedule has to be followed anew, with the moment since when."""
    return connection.execute(CHANGED, {"limit": limit}).all()


def follow(
    connection: Connection,
    changed: AnyRow,
    *,
    anchor: datetime,
    next_at: datetime | None,
    fault: str | None = None,
) -> None:
    """Follow the schedule of a workflow from its next tick on; without one there is a fault."""
    values = {key: getattr(changed, key) for key in ("workflow_id", "schedule", "version", "is_active")}
    connection.execute(FOLLOW, {**values, "anchor": anchor, "next_at": next_at, "fault": fault})


def unfollow(connection: Connection) -> None:
    """Follow no schedule that is gone; its ticks that were queued are missed."""
    connection.execute(UNFOLLOW)


def end_queued(connection: Connection, workflow_id: int, fate: TickFate) -> None:
    """Let nothing come of the ticks that are queued."""
    connection.execute(END_QUEUED, {"workflow_id": workflow_id, "fate": fate})


def list_due(connection: Connection, *, limit: int = AT_ONCE) -> list[int]:
    """Return the workflows that have a tick now, the latest first."""
    return list(connection.scalars(DUE, {"limit": limit}))


def lock(connection: Connection, workflow_id: int) -> AnyRow | None:
    """Return a schedule that nobody else works on until the transaction ends; None if it has to wait."""
    return connection.execute(LOCK, {"workflow_id": workflow_id}).one_or_none()


def list_open_runs(connection: Connection, workflow_id: int) -> list[int]:
    """Return the scheduled runs of a workflow that have not ended."""
    return list(connection.scalars(OPEN_RUNS, {"workflow_id": workflow_id}))


def count_queued(connection: Connection, workflow_id: int) -> int:
    """Return how many ticks of a workflow wait for its runs."""
    return int(connection.execute(COUNT_QUEUED, {"workflow_id": workflow_id}).scalar_one())


def add_tick(
    connection: Connection,
    workflow_id: int,
    scheduled_for: datetime,
    fate: TickFate,
    *,
    through: datetime | None = None,
) -> bool:
    """Store what became of a tick; False if that was stored before."""
    values = {"workflow_id": workflow_id, "scheduled_for": scheduled_for, "through": through, "fate": fate}
    return connection.execute(ADD_TICK, values).one_or_none() is not None


def set_run(connection: Connection, workflow_id: int, scheduled_for: datetime, run_id: int) -> None:
    """Store which run was begun for a tick."""
    values = {"workflow_id": workflow_id, "scheduled_for": scheduled_for, "run_id": run_id}
    connection.execute(SET_RUN, values)


def next_queued(connection: Connection, workflow_id: int) -> datetime | None:
    """Return the oldest tick that is queued."""
    queued: datetime | None = connection.scalar(NEXT_QUEUED, {"workflow_id": workflow_id})
    return queued


def list_with_room(connection: Connection, *, limit: int = AT_ONCE) -> list[int]:
    """Return the workflows that have queued ticks and no scheduled run that has not ended."""
    return list(connection.scalars(WITH_ROOM, {"limit": limit}))


def move_on(connection: Connection, workflow_id: int, next_at: datetime) -> None:
    """Wait for the next tick of a schedule."""
    connection.execute(MOVE_ON, {"workflow_id": workflow_id, "next_at": next_at})


def note_fault(connection: Connection, workflow_id: int, fault: str) -> None:
    """Store why nothing came of a tick, which is tried again later."""
    connection.execute(NOTE_FAULT, {"workflow_id": workflow_id, "fault": fault, "retry_s": RETRY_S})


def next_in_s(connection: Connection) -> float | None:
    """Return how many seconds there are until the next tick of all; negative if it has come."""
    seconds: float | None = connection.scalar(NEXT_IN)
    return seconds


def forget(connection: Connection) -> None:
    """Remove what became of ticks long ago."""
    connection.execute(FORGET, {"days": KEPT_DAYS})
