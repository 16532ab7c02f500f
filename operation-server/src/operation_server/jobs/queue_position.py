"""What stands around a job in the queue: SQL of `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

AROUND = text("""
    SELECT p.manifest, coalesce(c.is_paused, false) AS is_paused, c.max_running AS control_limit,
           u.max_running AS owner_limit, now() AS now,
           (SELECT count(*) FROM (
                SELECT 1 FROM jobs AS other, jobs AS mine
                WHERE mine.id = j.id AND other.status = 'queued' AND other.dispatched_at IS NULL
                  AND (other.order_key, other.id) < (mine.order_key, mine.id) LIMIT 10000
            ) AS before) AS ahead,
           (SELECT count(*) FROM jobs AS a WHERE a.plugin_name = j.plugin_name
              AND (a.status = 'processing' OR (a.status = 'queued' AND a.dispatched_at IS NOT NULL))
           ) AS active_of_plugin,
           (SELECT count(*) FROM jobs AS a WHERE a.owner_id = j.owner_id
              AND (a.status = 'processing' OR (a.status = 'queued' AND a.dispatched_at IS NOT NULL))
           ) AS active_of_owner
    FROM jobs AS j
    JOIN plugins AS p ON p.id = j.plugin_id
    JOIN users AS u ON u.id = j.owner_id
    LEFT JOIN plugin_controls AS c ON c.plugin_name = j.plugin_name
    WHERE j.id = :job_id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Limits and numbers of other jobs around one job."""

    manifest: dict[str, Any]
    is_paused: bool
    plugin_limits: Sequence[int | None]
    owner_limit: int | None
    ahead: int
    active_of_plugin: int
    active_of_owner: int
    now: datetime
    """The database's clock, which run_at is in."""


async def look_around(connection: AsyncConnection, job: AnyRow) -> Circumstances:
    """Return what stands around a job."""
    row = (await connection.execute(AROUND, {"job_id": job.id})).one()
    return Circumstances(
        manifest=row.manifest,
        is_paused=row.is_paused,
        plugin_limits=(row.manifest.get("max_running"), row.control_limit),
        owner_limit=row.owner_limit,
        ahead=row.ahead,
        active_of_plugin=row.active_of_plugin,
        active_of_owner=row.active_of_owner,
        now=row.now,
    )
