"""The advancer: runs of workflows go on as soon as something of them has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from redis.asyncio import Redis

from operation_server.database.connections import Connection
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Wakeups
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import run_deadline_passed, run_ended, run_not_advanced
from operation_server.workflows.transitions import (
    DEADLINE,
    AdvanceParts,
    RunCancelled,
    advance_run,
    cancel_run,
    end_due_waits,
    find_overdue,
    find_stuck,
    list_woken,
    note_fault,
    wake_first_queued,
    wake_runs,
)

POLL_S = 1.0
AFTER_FAILURE_S = 0.5
TRANSACTION_TIMEOUT_S = 60.0
STUCK_EVERY = 10
"""Polls between two looks for runs that nothing would go on with."""

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Advancer:
    """Works while this process leads."""

    def __init__(
        self,
        *,
        transactions: TransactionThread,
        redis: Redis,
        events: EventPublisher,
        parts: AdvanceParts,
    ) -> None:
        self._transactions = transactions
        self._redis = redis
        self._events = events
        self._parts = parts

    async def run(self, wakeups: Wakeups) -> None:
        """Advance whatever was woken, and once a second what time has come for."""
        polls = 0
        while True:
            is_woken = await wakeups.wait_for_runs(POLL_S)
            try:
                if not is_woken:
                    polls += 1
                    await self.look_at_the_clock()
                    if polls % STUCK_EVERY == 0:
                        await self._transact(wake_first_queued)
                        await self._wake_stuck()
                while await self.advance_woken():
                    pass
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("no run advanced", error=reason_of(error))
                await asyncio.sleep(AFTER_FAILURE_S)

    async def advance_woken(self) -> int:
        """Advance the runs that something has happened to, and return how many there were.

        One that cannot be advanced stops no other, and fails when that happens again and again.

        Raises:
            Exception: there is an outage.
        """
        run_ids = await self._transact(list_woken)
        for run_id in run_ids:
            await self._advance(run_id)
        return len(run_ids)

    async def look_at_the_clock(self) -> None:
        """End waits whose time has come, and runs whose deadline has passed."""
        await self._transact(end_due_waits)
        for run_id in await self._transact(find_overdue):
            log.info("a run has passed its deadline", run_id=run_id)
            run_deadline_passed()
            await self._tell(await self._transact(partial(cancel_run, run_id=run_id, reason=DEADLINE)))

    async def _advance(self, run_id: int) -> None:
        try:
            advanced = await self._transact(partial(advance_run, run_id=run_id, parts=self._parts))
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("a run cannot be advanced", run_id=run_id)
            run_not_advanced()
            stopped = await self._transact(partial(note_fault, run_id=run_id, reason=reason_of(error)))
            if stopped is not None:
                await self._tell(stopped)
            return
        if advanced.ended_as is not None:
            run_ended(advanced.ended_as)
        await self._events.publish(advanced.entries)

    async def _wake_stuck(self) -> None:
        stuck: Sequence[int] = await self._transact(find_stuck)
        if stuck:
            # None of the ways by which a run gets here is known; it goes on all the same.
            log.error("runs were stuck, and are looked at", run_ids=stuck)
            await self._transact(partial(wake_runs, run_ids=stuck))

    async def _tell(self, stopped: RunCancelled) -> None:
        await self._events.publish(stopped.entries)
        await signal_cancels(self._redis, stopped.cancelling)

    async def _transact(self, work: Callable[[Connection], Result]) -> Result:
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            return await self._transactions.run(work)
