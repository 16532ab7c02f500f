"""What bounds the jobs of a user, through whichever door they come: single, batch, retry, replay."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Final

from cachetools import TTLCache

from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.limits import repository
from operation_server.limits.errors import QueueQuotaReached
from operation_server.limits.rates import Rate, Rates
from operation_server.limits.requests import refuse_beyond
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.signals.repository import raise_signal
from satellite.contracts.notification import NotificationKind

COUNTED_AGAIN_AFTER_S: Final = 1.0
"""Meanwhile each process goes on from its last count, so that a long queue is not counted for every job."""
MOST_REMEMBERED: Final = 10_000
FULL_QUIET_S: Final = 3_600.0
"""Who is told that their queue is full is not told so again within this."""


@dataclass(slots=True)
class Room:
    """How many more jobs of a user may wait."""

    jobs: int


class SubmissionLimits:
    """Admits jobs to the queue."""

    def __init__(self, connections: Connections, rates: Rates, users: LimitsOfUsers) -> None:
        self._connections = connections
        self._rates = rates
        self._users = users
        self._told_full: TTLCache[int, None] = TTLCache(MOST_REMEMBERED, ttl=FULL_QUIET_S)
        self._rooms: TTLCache[int, Room] = TTLCache(MOST_REMEMBERED, ttl=COUNTED_AGAIN_AFTER_S)

    async def admit(self, user_id: int, *, jobs: int = 1) -> None:
        """Count jobs that a user is about to queue, all or none.

        What several processes admit within a second may pass the quota by as much.

        Raises:
            QueueQuotaReached: more would wait than may.
            RateExceeded: there were too many within the minute.
        """
        limits = await self._users.of(user_id)
        room = await self._room(user_id, limits.max_queued)
        if jobs > room.jobs:
            await self._tell_full(user_id, limits.max_queued)
            raise QueueQuotaReached(asked=jobs, most=limits.max_queued)
        rate = Rate(name="submissions", what="jobs", who=str(user_id), quantity=limits.submissions_per_minute)
        refuse_beyond(await self._rates.take([rate], cost=jobs))
        room.jobs -= jobs

    async def _room(self, user_id: int, max_queued: int) -> Room:
        room = self._rooms.get(user_id)
        if room is None:
            async with self._connections.connect() as connection:
                waiting = await repository.count_waiting(connection, user_id, most=max_queued)
            room = self._rooms[user_id] = Room(max_queued - waiting)
        return room

    async def _tell_full(self, user_id: int, max_queued: int) -> None:
        """Let the user be told, if they want to be, and not again for a while."""
        if user_id in self._told_full:
            return
        self._told_full[user_id] = None
        full = partial(
            raise_signal,
            kind=NotificationKind.RESOURCES_EXHAUSTED,
            about=f"the queue of account {user_id}",
            owner_ids=[user_id],
            quiet_s=FULL_QUIET_S,
            reason=f"{max_queued} jobs wait, as many as may; no more are taken until some have begun.",
        )
        # Whether that can be told changes nothing about the refusal.
        with contextlib.suppress(*DATABASE_ERRORS):
            async with self._connections.begin() as connection:
                await connection.run_sync(full)

    def forget(self, user_id: int) -> None:
        """Count a user's jobs again, because the quota has changed."""
        self._rooms.pop(user_id, None)
