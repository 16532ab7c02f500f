"""Counts and times over jobs."""

from __future__ import annotations

import time
from typing import Any

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.statistics import repository

CACHED_S = 1.0
CACHED_FACTOR = 20
"""The figures walk over a day of jobs; they are kept so much longer than that took, so that pages which
refresh cost at most a twentieth of one connection."""
MOST_CACHED = 1_000


class StatisticsService:
    """Summarises the last 24 hours."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[int | None, tuple[float, dict[str, Any]]] = {}

    async def summary(self, caller: Account) -> dict[str, Any]:
        """Return counts by status and times by plugin: of the caller's jobs, for admins of all."""
        owner_id = visible_to(caller).owner_id
        known = self._known.get(owner_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        began = time.monotonic()
        async with self._connections.connect() as connection:
            found = await repository.summarise(connection, owner_id)
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        now = time.monotonic()
        self._known[owner_id] = (now + max(CACHED_S, CACHED_FACTOR * (now - began)), found)
        return found
