"""All SQL of the statistics."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

BY_STATUS = text("""
    SELECT status, count(*) AS jobs FROM jobs
    WHERE created_at > now() - interval '1 day'
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    GROUP BY status
""")
BY_PLUGIN = text("""
    SELECT plugin_name, count(*) AS completed,
           avg(CAST(timings ->> 'total' AS float8)) AS average_total_ms,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY CAST(timings ->> 'total' AS float8)) AS p95_total_ms
    FROM jobs
    WHERE status = 'completed' AND created_at > now() - interval '1 day'
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    GROUP BY plugin_name ORDER BY plugin_name
""")

BY_MODEL = text("""
    SELECT model ->> 'name' AS model_name, CAST(model ->> 'version' AS bigint) AS model_version,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           avg(CAST(timings ->> 'total' AS float8)) FILTER (WHERE status = 'completed') AS average_total_ms,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY CAST(timings ->> 'total' AS float8))
               FILTER (WHERE status = 'completed') AS p95_total_ms
    FROM jobs
    WHERE model_version_id IS NOT NULL AND created_at > now() - interval '1 day'
      AND (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id)
    GROUP BY model_name, model_version ORDER BY model_name, model_version
""")


async def summarise(connection: AsyncConnection, owner_id: int | None) -> dict[str, Any]:
    """Return counts by status, times by plugin and by model of 24 hours: of one owner's jobs, or of all."""
    statuses = await connection.execute(BY_STATUS, {"owner_id": owner_id})
    plugins = await connection.execute(BY_PLUGIN, {"owner_id": owner_id})
    models = await connection.execute(BY_MODEL, {"owner_id": owner_id})
    return {
        "by_status": {row.status: row.jobs for row in statuses},
        "by_plugin": [row._asdict() for row in plugins],
        "by_model": [row._asdict() for row in models],
    }
