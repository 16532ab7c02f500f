"""The scheduler: begins runs of workflows at their ticks, and those of backfills."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

import structlog
from redis.asyncio import Redis

from operation_server.database.connections import Connection
from operation_server.database.storable_text import storable_text
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import ticks_ran
from operation_server.workflows.backfills.advancing import go_on
from operation_server.workflows.backfills.repository import advancing as backfills
from operation_server.workflows.schedules.beginning import SchedulerParts, ToTell
from operation_server.workflows.schedules.following import follow_changes
from operation_server.workflows.schedules.repository import followed as schedules
from operation_server.workflows.schedules.ticking import begin_queued, tick

POLL_S: Final = 1.0
SOONEST_S: Final = 0.02
"""Between two looks, even if something is due that nothing can be done about."""
TRANSACTION_TIMEOUT_S: Final = 60.0
FORGET_EVERY: Final = 3_600
"""Looks between two at what can be forgotten."""

Result = TypeVar("Result")
Find: TypeAlias = Callable[[Connection], list[int]]
Work: TypeAlias = Callable[[Connection, int, SchedulerParts], ToTell]
NoteFault: TypeAlias = Callable[[Connection, int, str], None]
log = structlog.get_logger(__name__)


class Scheduler:
    """Works while its process leads; all its moments are those of PostgreSQL's clock."""

    def __init__(
        self, *, transactions: TransactionThread, redis: Redis, events: EventPublisher, parts: SchedulerParts
    ) -> None:
        self._transactions = transactions
        self._redis = redis
        self._events = events
        self._parts = parts

    async def run(self) -> None:
        """Look at every tick, and once a second what has room or was changed; an outage only delays it."""
        looks = 0
        while True:
            pause_s = POLL_S
            try:
                pause_s = await self.look()
                if looks % FORGET_EVERY == 0:
                    await self._transact(schedules.forget)
                looks += 1
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("no schedule is followed", error=reason_of(error))
            await asyncio.sleep(pause_s)

    async def look(self) -> float:
        """Begin what is due and what has room, and return in how many seconds to look again.

        Raises:
            Exception: there is an outage.
        """
        await self._transact(follow_changes)
        await self._each(schedules.list_due, tick, schedules.note_fault)
        await self._each(schedules.list_with_room, begin_queued, schedules.note_fault)
        await self._each(backfills.list_running, go_on, backfills.note_fault)
        next_in_s = await self._transact(schedules.next_in_s)
        return POLL_S if next_in_s is None else min(POLL_S, max(SOONEST_S, next_in_s))

    async def _each(self, find: Find, work: Work, note_fault: NoteFault) -> None:
        """Do something for each that was found; one that it cannot be done for stops no other."""
        told = ToTell()
        for number in await self._transact(find):
            told += await self._do(number, work, note_fault)
        # All at once: those whose tick is the same do not wait for each other's listeners.
        ticks_ran(told.lags_s)
        await self._tell(told)

    async def _do(self, number: int, work: Work, note_fault: NoteFault) -> ToTell:
        try:
            return await self._transact(lambda connection: work(connection, number, self._parts))
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("a tick or a backfill fails, and is tried again later", which=number)
            fault = storable_text(reason_of(error))
            await self._transact(lambda connection: note_fault(connection, number, fault))
            return ToTell()

    async def _tell(self, told: ToTell) -> None:
        await self._events.publish(told.entries)
        await signal_cancels(self._redis, told.cancelling)

    async def _transact(self, work: Callable[[Connection], Result]) -> Result:
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            return await self._transactions.run(work)
