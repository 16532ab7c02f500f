"""Counts and times over jobs."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from cachetools import TLRUCache

from operation_server.accounts.access import owner_visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.statistics import repository

CACHED_S = 1.0
CACHED_FACTOR = 20
"""The figures walk over a day of jobs; they are kept so much longer than that took, so that pages which
refresh cost at most a twentieth of one connection."""
MOST_CACHED = 1_000


class Known(NamedTuple):
    """Figures, and how long it took to get them."""

    figures: dict[str, Any]
    took_s: float


class StatisticsService:
    """Summarises the last 24 hours."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: TLRUCache[int | None, Known] = TLRUCache(MOST_CACHED, ttu=_until, timer=time.monotonic)

    async def summary(self, caller: Account) -> dict[str, Any]:
        """Return counts by status and times by plugin: of the caller's jobs, for admins of all."""
        owner_id = owner_visible_to(caller)
        known = self._known.get(owner_id)
        if known is None:
            began_s = time.monotonic()
            async with self._connections.connect() as connection:
                figures = await repository.summarise(connection, owner_id)
            known = self._known[owner_id] = Known(figures, time.monotonic() - began_s)
        return known.figures


def _until(_: int | None, known: Known, now_s: float) -> float:
    return now_s + max(CACHED_S, CACHED_FACTOR * known.took_s)
