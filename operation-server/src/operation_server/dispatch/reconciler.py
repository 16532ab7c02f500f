"""The reconciler: every few seconds it compares what the database believes with what is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from redis.asyncio import Redis

from operation_server.database.connections import Connection
from operation_server.database.engine import AsyncEngine
from operation_server.database.rows import AnyRow
from operation_server.dispatch.epoch import EpochWatch
from operation_server.dispatch.event_sweep import sweep_events
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.repository import list_active
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.jobs.transitions import (
    Repaired,
    confirm_cancelled,
    expire_waiting,
    find_expired,
    lose_attempts,
    release_undelivered,
)
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import attempts_repaired, reconciler_failed
from operation_server.rejections.repository import prune
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.job import JobStatus
from satellite.contracts.task_names import EXECUTE_GPU_QUEUE, EXECUTE_QUEUE, execute_queue

BATCH = 500
ROUND_TIMEOUT_S = 60.0
"""Nothing here may wait for ever: this is what repairs all the rest."""
CLOCK_SLACK_S = 0.5
"""Attempts dispatched within this before the queues were looked at are judged at the next round."""

Item = TypeVar("Item")
Change = TypeVar("Change")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveAttempt:
    """An attempt in the broker's or a worker's hands, and whether somebody holds its lease."""

    job_id: int
    attempt: int
    is_processing: bool
    cancel_requested: bool
    dispatched_s: float
    started_s: float
    queue: str
    has_lease: bool

    @property
    def key(self) -> tuple[int, int]:
        """Return what names the attempt."""
        return (self.job_id, self.attempt)


def find_missing(active: Sequence[ActiveAttempt], lengths: Mapping[str, int]) -> list[ActiveAttempt]:
    """Return the attempts that nobody has claimed and whose message is not in its queue any more.

    `active` is ordered newest first. A queue is first in, first out, so as many of the newest unclaimed
    attempts as it has messages are in it.
    """
    left = dict(lengths)
    missing = []
    for one in active:
        if one.is_processing or one.has_lease:
            continue
        if left.get(one.queue, 0) > 0:
            left[one.queue] -= 1
        else:
            missing.append(one)
    return missing


class Reconciler:
    """Works while this process leads."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        redis: Redis,
        publisher: JobPublisher,
        events: EventPublisher,
        settings: DispatchSettings,
    ) -> None:
        self._engine = engine
        self._redis = redis
        self._publisher = publisher
        self._events = events
        self._settings = settings
        self._epoch = EpochWatch(redis, settle_s=settings.lease_grace_s)
        self._told: set[tuple[str, object]] = set()
        """What cannot be repaired, so that its traceback is logged once."""

    async def run(self) -> None:
        """Reconcile again and again; what fails is tried at the next round, and stops nothing else."""
        works = {
            "expire": self._expire,
            "reconcile": self.reconcile,
            "events": self._sweep_events,
            "rejected reports": self._prune_rejected,
        }
        while True:
            for name, work in works.items():
                await self._do(name, work)
            await asyncio.sleep(self._settings.reconcile_s)

    async def _do(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(ROUND_TIMEOUT_S):
                await work()
        except Exception as error:
            if is_outage(error):
                log.warning("reconciling failed", work=name, error=reason_of(error))
                return
            # Not the end of the process: dispatch, beside it, has nothing to do with it.
            log.exception("reconciling failed unforeseen", work=name)
            reconciler_failed(name)

    async def reconcile(self) -> None:
        """Look at every active attempt once, and repair what is wrong with it."""
        if not await self._epoch.check():
            return
        # Before the rows: what leaves a queue meanwhile then only looks as if it were still there.
        lengths_read_s = time.monotonic()
        lengths = await asyncio.to_thread(self._publisher.queue_lengths, [EXECUTE_QUEUE, EXECUTE_GPU_QUEUE])
        async with self._engine.connect() as connection:
            rows = await list_active(connection)
        await signal_cancels(self._redis, [row.id for row in rows if row.cancel_requested])
        active = await self._with_leases(rows)
        # Looked at after the leases: had Redis been emptied meanwhile, missing leases would mean nothing.
        if not await self._epoch.check() or not self._epoch.leases_are_settled:
            return
        start_timeout_s = 0.0 if self._epoch.take_loss() else self._settings.start_timeout_s
        missing = find_missing(
            [one for one in active if one.dispatched_s > time.monotonic() - lengths_read_s + CLOCK_SLACK_S],
            lengths,
        )
        undelivered = [one.key for one in missing if one.dispatched_s > start_timeout_s]
        lost = [one.key for one in active if self._is_lost(one)]
        cancelled = [one.key for one in active if self._is_cancelled(one, undelivered)]
        await self._repair(cancelled, confirm_cancelled, "cancelled without a worker")
        await self._repair(lost, lose_attempts, "lost")
        await self._repair(
            await self._without_lease(undelivered, cancelled), release_undelivered, "undelivered"
        )

    def _is_lost(self, one: ActiveAttempt) -> bool:
        return (
            one.is_processing
            and not one.has_lease
            and not one.cancel_requested
            and one.started_s > self._settings.lease_grace_s
        )

    def _is_cancelled(self, one: ActiveAttempt, undelivered: Sequence[tuple[int, int]]) -> bool:
        # The cancel key stands, so nobody can claim the attempt any more: without a lease it never will run.
        if not one.cancel_requested or one.has_lease:
            return False
        if one.is_processing:
            return one.started_s > self._settings.lease_grace_s
        return one.key in undelivered or one.dispatched_s > self._settings.lease_grace_s

    async def _without_lease(
        self, keys: Sequence[tuple[int, int]], handled: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Return those of `keys` that are not handled yet and that nobody has claimed in the meantime."""
        left = [key for key in keys if key not in handled]
        if not left:
            return []
        async with self._redis.pipeline(transaction=False) as pipeline:
            # Before the leases are read: who claims the attempt later, from a message that was only late, is
            # told that there will be another one.
            for job_id, attempt in left:
                name = redis_keys.newest_attempt(job_id)
                pipeline.set(name, attempt + 1, ex=redis_keys.NEWEST_TTL_S)
            pipeline.mget([redis_keys.lease(*key) for key in left])
            *_, leases = await pipeline.execute()
        return [key for key, lease in zip(left, leases, strict=True) if lease is None]

    async def _with_leases(self, rows: Sequence[AnyRow]) -> list[ActiveAttempt]:
        keys = [redis_keys.lease(row.id, row.attempt) for row in rows]
        leases = await self._redis.mget(keys) if keys else []
        return [
            ActiveAttempt(
                job_id=row.id,
                attempt=row.attempt,
                is_processing=row.status == JobStatus.PROCESSING,
                cancel_requested=row.cancel_requested,
                dispatched_s=float(row.dispatched_s or 0),
                started_s=float(row.started_s or 0),
                queue=execute_queue(_number(row.gpus)),
                has_lease=lease is not None,
            )
            for row, lease in zip(rows, leases, strict=True)
        ]

    async def _repair(
        self,
        keys: Sequence[tuple[int, int]],
        transition: Callable[[Connection, Sequence[tuple[int, int]]], Repaired],
        what: str,
    ) -> None:
        """Apply a transition to attempts, many at once; one that it cannot be applied to stops no other."""
        for batch in batches(keys):
            for repaired in await self._change(what, batch, transition):
                await self._events.publish(repaired.entries)
                if repaired.attempts:
                    attempts_repaired(what, repaired.attempts)
                    log.info("attempts repaired", what=what, count=repaired.attempts, first=batch[0])

    async def _expire(self) -> None:
        async with self._engine.begin() as connection:
            expired = await connection.run_sync(find_expired)
        for batch in batches(expired):
            for entries in await self._change("expire", batch, expire_waiting):
                await self._events.publish(entries)

    async def _change(
        self, what: str, batch: Sequence[Item], transition: Callable[[Connection, Sequence[Item]], Change]
    ) -> list[Change]:
        """Return what a transition of a batch did; one that fails is repeated for each alone."""
        try:
            async with self._engine.begin() as connection:
                return [await connection.run_sync(transition, batch)]
        except Exception as error:
            if is_outage(error):
                raise
            if len(batch) > 1:
                return [done for one in batch for done in await self._change(what, [one], transition)]
            reconciler_failed(what)
            if (what, batch[0]) not in self._told:
                self._told.add((what, batch[0]))
                log.exception("cannot be repaired, tried again and again", what=what, which=batch[0])
            return []

    async def _sweep_events(self) -> None:
        await sweep_events(self._engine, self._events)

    async def _prune_rejected(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(prune)


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield parts of `items` that one transaction takes."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _number(text: str | None) -> float:
    """Return a number of a stored manifest; whatever else stands there counts as none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0
