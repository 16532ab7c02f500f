"""Counts and times over jobs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from cachetools import TLRUCache

from operation_server.accounts.access import owner_visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.statistics.history.repository import read_history
from operation_server.statistics.repository import summarise

CACHED_S = 1.0
CACHED_FACTOR = 20
"""The figures walk over a day of jobs; they are kept so much longer than that took, so that pages which
refresh cost at most a twentieth of one connection."""
MOST_CACHED = 1_000
Reading = Callable[[AsyncConnection, int | None], Awaitable[dict[str, Any]]]


class Known(NamedTuple):
    """Figures, and how long it took to get them."""

    figures: dict[str, Any]
    took_s: float


class StatisticsService:
    """Summarises the last 24 hours."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: TLRUCache[tuple[Reading, int | None], Known] = TLRUCache(
            MOST_CACHED, ttu=_until, timer=time.monotonic
        )

    async def summary(self, caller: Account) -> dict[str, Any]:
        """Return counts by status and times by plugin: of the caller's jobs, for admins of all."""
        return await self._read(summarise, owner_visible_to(caller))

    async def history(self, caller: Account) -> dict[str, Any]:
        """Return how the last day went, step by step: of the caller's jobs, for admins of all."""
        return await self._read(read_history, owner_visible_to(caller))

    async def _read(self, reading: Reading, owner_id: int | None) -> dict[str, Any]:
        known = self._known.get((reading, owner_id))
        if known is None:
            began_s = time.monotonic()
            async with self._connections.connect() as connection:
                figures = await reading(connection, owner_id)
            known = self._known[reading, owner_id] = Known(figures, time.monotonic() - began_s)
        return known.figures


def _until(_: tuple[Reading, int | None], known: Known, now_s: float) -> float:
    return now_s + max(CACHED_S, CACHED_FACTOR * known.took_s)
