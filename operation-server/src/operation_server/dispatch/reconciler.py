"""The reconciler: every few seconds it compares what the database believes with what is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from redis.asyncio import Redis

from operation_server.database.connections import Connection
from operation_server.database.engine import AsyncEngine
from operation_server.database.rows import AnyRow
from operation_server.dispatch.adoptions import Adoptions, Orphan
from operation_server.dispatch.attempt_grants import AttemptGrants
from operation_server.dispatch.epoch import EpochWatch
from operation_server.dispatch.event_sweep import sweep_events
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.repository import list_active, list_queues
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.jobs.loss_budget import loss_budget
from operation_server.jobs.transitions import (
    Repaired,
    assume_begun,
    confirm_cancelled,
    expire_waiting,
    find_expired,
    forget_handles,
    lose_attempts,
    release_undelivered,
)
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import attempts_repaired, reconciler_failed
from operation_server.rejections.repository import prune
from operation_server.settings import DispatchSettings
from operation_server.workers.draining import tell_drained
from operation_server.workers.heartbeats import read_heartbeats
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey, JobKey
from satellite.contracts.job import JobStatus
from satellite.contracts.task_names import EXECUTE_QUEUE, is_class_queue, is_cluster_queue
from satellite.tracing.spans import span

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

    key: AttemptKey
    is_processing: bool
    cancel_requested: bool
    dispatched_s: float
    started_s: float
    queue: str
    has_lease: bool
    losses: int = 0
    generation: int = 0
    place: str | None = None
    """Where workers could go on with it, None where none could."""
    offered_s: float | None = None

    @property
    def is_on_cluster(self) -> bool:
        """Tell whether it may have begun on a cluster, which alone can then say how it ended."""
        return is_cluster_queue(self.queue)


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
        granting: AttemptGrants | None = None,
    ) -> None:
        self._engine = engine
        self._redis = redis
        self._publisher = publisher
        self._events = events
        self._settings = settings
        self._losses = loss_budget(settings)
        self._epoch = EpochWatch(redis, settle_s=settings.lease_grace_s)
        self._adoptions = Adoptions(engine=engine, redis=redis, settings=settings, granting=granting)
        self._told: set[tuple[str, object]] = set()
        """What cannot be repaired, so that its traceback is logged once."""

    async def run(self) -> None:
        """Reconcile again and again; what fails is tried at the next round, and stops nothing else."""
        works = {
            "drained workers": self._tell_drained,
            "expire": self._expire,
            "reconcile": self.reconcile,
            "events": self._sweep_events,
            "rejected reports": self._prune_rejected,
            "handles": self._forget_handles,
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
        lengths = await self._queue_lengths()
        async with self._engine.connect() as connection:
            rows = await list_active(connection)
        await signal_cancels(self._redis, [JobKey(row.id, row.uid) for row in rows if row.cancel_requested])
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
        active = await self._assume_begun(active, {one.key for one in missing}, undelivered)
        undelivered = [one.key for one in missing if one.key in undelivered and not one.is_on_cluster]
        # Also those that shall be cancelled: only who adopts them can end what still runs.
        adoptable = [one for one in active if self._is_adoptable(one)]
        given_up = await self._adoptions.place([_orphan(one) for one in adoptable])
        waiting = {one.key for one in adoptable}
        active = [one for one in active if one.key not in waiting]
        lost = [one.key for one in active if self._is_left(one) and not one.cancel_requested] + given_up
        cancelled = [one.key for one in active if self._is_cancelled(one, undelivered)]
        await self._repair(cancelled, confirm_cancelled, "cancelled without a worker")
        await self._repair(lost, partial(lose_attempts, losses=self._losses), "lost")
        await self._repair(
            await self._without_lease(undelivered, cancelled),
            partial(release_undelivered, losses=self._losses),
            "undelivered",
        )
        await self._empty({one.queue for one in missing if one.key in undelivered} - lengths.keys())

    async def _assume_begun(
        self,
        active: Sequence[ActiveAttempt],
        missing: Collection[AttemptKey],
        undelivered: Collection[AttemptKey],
    ) -> list[ActiveAttempt]:
        """Return the attempts but those that clusters have to say something about, before anybody else does.

        Whoever took such an attempt from its queue may have begun it there, and died before it told of it.
        """
        unknown = [one for one in active if one.is_on_cluster and one.place is None and not one.has_lease]
        left = [one for one in unknown if self._is_left(one) or one.key in undelivered]
        still_left = set(await self._without_lease([one.key for one in left], []))
        await self._repair(
            [one.key for one in left if one.key in still_left], assume_begun, "assumed to be on their cluster"
        )
        waiting = {one.key for one in unknown if one.is_processing or one.key in missing}
        return [one for one in active if one.key not in waiting]

    async def _queue_lengths(self) -> dict[str, int]:
        """Return how much waits in each queue that somebody takes, or may come to take, messages from."""
        async with self._engine.connect() as connection:
            queues = await list_queues(connection)
        consumed = {queue for beat in await read_heartbeats(self._redis) for queue in beat.queues}
        attended = [queue for queue in queues if queue in consumed or not is_class_queue(queue)]
        return await asyncio.to_thread(self._publisher.queue_lengths, attended)

    async def _empty(self, queues: Collection[str]) -> None:
        """Remove the messages of attempts that go to others now, because no worker of their class is left."""
        for queue in queues:
            log.info("no worker of a class is left", queue=queue)
            await asyncio.to_thread(self._publisher.purge, queue)

    def _is_left(self, one: ActiveAttempt) -> bool:
        """Tell whether nobody holds an attempt that was begun."""
        return one.is_processing and not one.has_lease and one.started_s > self._settings.lease_grace_s

    def _is_adoptable(self, one: ActiveAttempt) -> bool:
        # What seems to end whoever runs it is to run alone, and so from the beginning.
        is_suspect = self._losses.is_suspect(one.losses) and not one.is_on_cluster
        return one.place is not None and self._is_left(one) and not is_suspect

    def _is_cancelled(self, one: ActiveAttempt, undelivered: Sequence[AttemptKey]) -> bool:
        # The cancel key stands, so nobody can claim the attempt any more: without a lease it never will run.
        if not one.cancel_requested or one.has_lease:
            return False
        if one.is_processing:
            return self._is_left(one)
        return one.key in undelivered or one.dispatched_s > self._settings.lease_grace_s

    async def _without_lease(
        self, keys: Sequence[AttemptKey], handled: Sequence[AttemptKey]
    ) -> list[AttemptKey]:
        """Return those of `keys` that are not handled yet and that nobody has claimed in the meantime."""
        left = [key for key in keys if key not in handled]
        if not left:
            return []
        async with self._redis.pipeline(transaction=False) as pipeline:
            # Before the leases are read: who claims the attempt later, from a message that was only late, is
            # told that there will be another one.
            for key in left:
                name = redis_keys.newest_attempt(key.job)
                pipeline.set(name, key.attempt + 1, ex=redis_keys.NEWEST_TTL_S)
            pipeline.mget([redis_keys.lease(key) for key in left])
            *_, leases = await pipeline.execute()
        return [key for key, lease in zip(left, leases, strict=True) if lease is None]

    async def _with_leases(self, rows: Sequence[AnyRow]) -> list[ActiveAttempt]:
        keys = [AttemptKey(row.id, row.attempt, row.uid) for row in rows]
        leases = await self._redis.mget([redis_keys.lease(key) for key in keys]) if keys else []
        return [
            ActiveAttempt(
                key=key,
                is_processing=row.status == JobStatus.PROCESSING,
                cancel_requested=row.cancel_requested,
                dispatched_s=float(row.dispatched_s or 0),
                started_s=float(row.started_s or 0),
                queue=row.queue or EXECUTE_QUEUE,
                has_lease=lease is not None,
                losses=row.losses,
                generation=row.generation,
                place=row.place,
                offered_s=None if row.offered_s is None else float(row.offered_s),
            )
            for key, row, lease in zip(keys, rows, leases, strict=True)
        ]

    async def _repair(
        self,
        keys: Sequence[AttemptKey],
        transition: Callable[[Connection, Sequence[AttemptKey]], Repaired],
        what: str,
    ) -> None:
        """Apply a transition to attempts, many at once; one that it cannot be applied to stops no other."""
        for batch in batches(keys):
            for repaired in await self._change(what, batch, transition):
                await self._events.publish(repaired.entries)
                for traceparent in repaired.traceparents:
                    span("reconcile", traceparent, what=what).end()
                if repaired.attempts:
                    attempts_repaired(what, repaired.attempts)
                    log.info("attempts repaired", what=what, count=repaired.attempts, first=batch[0])

    async def _tell_drained(self) -> None:
        async with self._engine.begin() as connection:
            await tell_drained(connection, self._redis)

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

    async def _forget_handles(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(forget_handles)

    async def _prune_rejected(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(prune)


def _orphan(one: ActiveAttempt) -> Orphan:
    return Orphan(
        key=one.key,
        place=one.place or "",
        generation=one.generation,
        offered_s=one.offered_s,
        only_its_place_may_end_it=one.is_on_cluster,
    )


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield parts of `items` that one transaction takes."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
