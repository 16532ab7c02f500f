"""Counts and times over jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import structlog
from cachetools import TTLCache

from operation_server.accounts.access import owner_visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.statistics.history.repository import read_history
from operation_server.statistics.repository import summarise

FRESH_S = 1.0
FRESH_FACTOR = 20
"""The figures walk over a day of jobs; they are as good as new for so much longer than that took, so that
pages which refresh cost at most a twentieth of one connection."""
QUICK_S = 0.1
"""Whoever asks waits for figures that take no longer. Of a day of a million jobs they take seconds: there,
those of before are shown while they are read anew."""
SHOWN_S = 600
"""What is older is not shown to anybody."""
MOST_KNOWN = 1_000

log = structlog.get_logger(__name__)

Reading = Callable[[AsyncConnection, int | None], Awaitable[dict[str, Any]]]
Subject = tuple[Reading, int | None]


class Known(NamedTuple):
    """Figures, when they were asked for, and how long it took to get them."""

    figures: dict[str, Any]
    at_s: float
    took_s: float

    @property
    def is_fresh(self) -> bool:
        """Tell whether they are as good as new."""
        return time.monotonic() < self.at_s + self.took_s + max(FRESH_S, FRESH_FACTOR * self.took_s)


class StatisticsService:
    """Summarises the last 24 hours."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: TTLCache[Subject, Known] = TTLCache(MOST_KNOWN, SHOWN_S)
        self._reading: dict[Subject, asyncio.Task[Known]] = {}

    async def summary(self, caller: Account) -> dict[str, Any]:
        """Return counts by status and times by plugin: of the caller's jobs, for admins of all."""
        return await self._read(summarise, owner_visible_to(caller))

    async def history(self, caller: Account) -> dict[str, Any]:
        """Return how the last day went, step by step: of the caller's jobs, for admins of all."""
        return await self._read(read_history, owner_visible_to(caller))

    async def _read(self, reading: Reading, owner_id: int | None) -> dict[str, Any]:
        subject = reading, owner_id
        known = self._known.get(subject)
        if known is not None and known.is_fresh:
            return known.figures
        read = self._read_anew(subject)
        if known is not None and known.took_s > QUICK_S:
            return known.figures
        # Others may wait for the same figures, when this caller no longer does.
        return (await asyncio.shield(read)).figures

    def _read_anew(self, subject: Subject) -> asyncio.Task[Known]:
        """Return the one task that reads figures, however many ask for them."""
        if subject not in self._reading:
            self._reading[subject] = asyncio.create_task(self._ask(subject))
            self._reading[subject].add_done_callback(lambda task: self._end(subject, task))
        return self._reading[subject]

    async def _ask(self, subject: Subject) -> Known:
        reading, owner_id = subject
        began_s = time.monotonic()
        async with self._connections.connect() as connection:
            figures = await reading(connection, owner_id)
        return Known(figures, began_s, time.monotonic() - began_s)

    def _end(self, subject: Subject, task: asyncio.Task[Known]) -> None:
        del self._reading[subject]
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.warning("statistics could not be read", error=str(error))
        else:
            self._known[subject] = task.result()
