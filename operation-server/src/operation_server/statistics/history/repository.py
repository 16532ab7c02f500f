"""All SQL of how the last day went, hour by hour, and of what waits now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

STEP_S: Final = 1_800
STEPS: Final = text("""
    WITH steps AS (
        SELECT generate_series(
            date_bin(:step, now(), TIMESTAMPTZ '2000-01-01T00:00:00Z') - interval '1 day' + :step,
            now(), :step
        ) AS at
    ), ended AS (
        SELECT date_bin(:step, completed_at, TIMESTAMPTZ '2000-01-01T00:00:00Z') AS at, status,
               CAST(timings ->> 'total' AS float8) AS total_ms
        FROM jobs
        WHERE completed_at >= (SELECT min(at) FROM steps)
          AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    )
    SELECT steps.at,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY total_ms)
               FILTER (WHERE status = 'completed') AS median_total_ms,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY total_ms)
               FILTER (WHERE status = 'completed') AS p95_total_ms
    FROM steps LEFT JOIN ended ON ended.at = steps.at
    GROUP BY steps.at ORDER BY steps.at
""").bindparams(step=timedelta(seconds=STEP_S))
FAILURES: Final = text("""
    SELECT coalesce(error ->> 'kind', 'internal') AS kind, count(*) AS jobs FROM jobs
    WHERE status = 'failed' AND completed_at > now() - interval '1 day'
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    GROUP BY 1 ORDER BY jobs DESC, kind
""")
# What is to run later does not wait yet.
WAITING: Final = text("""
    SELECT count(*) AS jobs, min(run_at) AS oldest_at FROM jobs
    WHERE status = 'queued' AND run_at <= now()
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
""")


async def read_history(connection: AsyncConnection, owner_id: int | None) -> dict[str, Any]:
    """Return how jobs ended in the last day, why they failed, and since when the oldest one waits."""
    of = {"owner_id": owner_id}
    steps = await connection.execute(STEPS, of)
    failures = await connection.execute(FAILURES, of)
    waiting = (await connection.execute(WAITING, of)).one()
    return {
        "step_s": STEP_S,
        "steps": [row._asdict() for row in steps],
        "by_failure": [row._asdict() for row in failures],
        "waiting": waiting._asdict(),
    }
