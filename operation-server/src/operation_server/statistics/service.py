"""Counts and times over jobs."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import text

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections

CACHED_S = 1.0
CACHED_FACTOR = 20
"""The figures walk over a day of jobs; they are kept so much longer than that took, so that pages which
refresh cost at most a twentieth of one connection."""
MOST_CACHED = 1_000

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


class StatisticsService:
    """Summarises the last 24 hours."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[int | None, tuple[float, dict[str, Any]]] = {}

    async def summary(self, caller: Account) -> dict[str, Any]:
        """Return counts by status and times by plugin: of the caller's jobs, for admins of all."""
        owner_id = None if caller.is_admin else caller.id
        known = self._known.get(owner_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        began = time.monotonic()
        async with self._connections.connect() as connection:
            statuses = await connection.execute(BY_STATUS, {"owner_id": owner_id})
            plugins = await connection.execute(BY_PLUGIN, {"owner_id": owner_id})
            found = {
                "by_status": {row.status: row.jobs for row in statuses},
                "by_plugin": [row._asdict() for row in plugins],
            }
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        now = time.monotonic()
        self._known[owner_id] = (now + max(CACHED_S, CACHED_FACTOR * (now - began)), found)
        return found
