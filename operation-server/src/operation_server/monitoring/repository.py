"""All SQL of the platform at a glance."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

RUNS: Final = text("""
    SELECT status, count(*) AS number,
           avg(extract(epoch FROM completed_at - started_at)) FILTER (WHERE status = 'completed') AS average_s
    FROM workflow_runs
    WHERE created_at > now() - interval '24 hours'
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    GROUP BY status
""")
WORKFLOWS: Final = text("""
    SELECT count(*) AS total, count(*) FILTER (WHERE is_active) AS active,
           count(*) FILTER (WHERE deployed_version IS NOT NULL) AS deployed
    FROM workflows
    WHERE deleted_at IS NULL AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
""")
OLDEST_WAKEUP: Final = text("""
    SELECT count(*) FROM run_wakeups AS w JOIN workflow_runs AS r ON r.id = w.run_id
    WHERE r.status IN ('queued', 'processing')
""")
# What fails is tried again each minute, and says so itself.
OLDEST_TICK: Final = text("""
    SELECT extract(epoch FROM now() - min(next_at))::float8 FROM workflow_schedules
    WHERE next_at <= now() AND retry_at IS NULL
""")


async def count_runs(connection: AsyncConnection, owner_id: int | None) -> list[AnyRow]:
    """Return how many runs of the last 24 hours are in each state, of an owner or of all."""
    return list(await connection.execute(RUNS, {"owner_id": owner_id}))


async def count_workflows(connection: AsyncConnection, owner_id: int | None) -> AnyRow:
    """Return how many workflows there are, of an owner or of all."""
    return (await connection.execute(WORKFLOWS, {"owner_id": owner_id})).one()


async def count_waiting_runs(connection: AsyncConnection) -> int:
    """Return how many open runs have something new that nobody has looked at."""
    found: int = (await connection.execute(OLDEST_WAKEUP)).scalar_one()
    return found


async def schedule_lag_s(connection: AsyncConnection) -> float:
    """Return for how many seconds the oldest tick has waited that nobody has looked at."""
    return await connection.scalar(OLDEST_TICK) or 0.0
