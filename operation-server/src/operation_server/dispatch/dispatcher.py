"""The dispatcher: due jobs go to the broker, as many as the workers can take soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog
from redis import Redis

from operation_server.database.connections import Connection
from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.isolation import Isolation
from operation_server.dispatch.pace import Pace, Rate
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Wakeups
from operation_server.faults import is_outage, reason_of
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs.loss_budget import loss_budget
from operation_server.jobs.transitions import (
    DispatchCapacity,
    DispatchedJob,
    Selection,
    VersionCatalog,
    select_and_mark,
)
from operation_server.metrics.recording import jobs_dispatched, loop_rested
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.tracing.spans import Span, ending_all, span

AFTER_FAILURE_S = 0.5
ROUND_TIMEOUT_S = 60.0
SOON_S = 0.25
"""Work for this long is sent ahead: jobs that take milliseconds would wait for each round otherwise."""
WITHOUT_WORKERS_S = 0.3
"""No notification tells of a worker that came up, so its heartbeat is looked for more often."""

log = structlog.get_logger(__name__)


class Dispatcher:
    """Works while this process leads."""

    def __init__(
        self,
        *,
        transactions: TransactionThread,
        redis: Redis,
        publisher: JobPublisher,
        capacity: CapacityReader,
        settings: DispatchSettings,
        life: SignOfLife,
    ) -> None:
        self._life = life
        self._transactions = transactions
        self._redis = redis
        self._publisher = publisher
        self._capacity = capacity
        self._settings = settings
        self._losses = loss_budget(settings)
        self._catalog = VersionCatalog()
        self._isolation = Isolation(
            transactions=transactions, redis=redis, catalog=self._catalog, check=publisher.body_of
        )
        self._has_no_worker = False
        self._has_more = True
        self._taken = Rate()
        self._left_unstarted = 0
        self._taken_soon = 0

    async def run(self, wakeups: Wakeups) -> None:
        """Dispatch whenever there is a reason to look."""
        pace = Pace()
        while True:
            await wakeups.wait(WITHOUT_WORKERS_S if self._has_no_worker else self._settings.poll_s)
            try:
                # What is freed in the middle of a round may be what the round lacked.
                wakeups.wants_room = True
                began_s = time.monotonic()
                async with asyncio.timeout(ROUND_TIMEOUT_S):
                    while (count := await self.dispatch()) == self._settings.batch_size:
                        pass
                self._life.works()
                wakeups.wants_room = self._has_more
                rest_s = pace.rest_s(count, took_s=time.monotonic() - began_s)
                loop_rested("dispatcher", rest_s)
                await asyncio.sleep(rest_s)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("nothing dispatched", error=reason_of(error))
                self._life.waits(reason_of(error))
                await asyncio.sleep(AFTER_FAILURE_S)

    async def dispatch(self) -> int:
        """Send the next due jobs, and return how many; a failure leaves them as they were.

        A job, plugin version or group that fails is left alone for a while, and the others go on.

        Raises:
            Exception: there is an outage, or an error that no job is to blame for.
        """
        capacity = await self._capacity.read()
        self._has_no_worker = not capacity.depths
        self._has_more = self._has_no_worker
        if self._has_no_worker:
            return 0
        selection = await self._select(capacity.deepened_by(self._taken_soon))
        self._has_more = selection.has_more
        self._taken_soon = self._count_taken(selection)
        if selection.jobs:
            jobs_dispatched(len(selection.jobs))
        return len(selection.jobs)

    async def _select(self, capacity: DispatchCapacity) -> Selection:
        while True:
            try:
                selection = await self._transactions.run(partial(self._mark_and_publish, capacity=capacity))
            except Exception as error:
                if is_outage(error):
                    raise
                await self._isolation.put_culprits_aside(
                    error, capacity=capacity, limit=self._settings.batch_size
                )
            else:
                self._isolation.tell_unreadable_versions()
                return selection

    def _mark_and_publish(self, connection: Connection, *, capacity: DispatchCapacity) -> Selection:
        # Published inside the transaction that marks them: if the broker refuses, nothing has happened.
        # The other way round, a message whose mark is lost is stale, and the attempt is dispatched again.
        selection = select_and_mark(
            connection,
            capacity=capacity,
            catalog=self._catalog,
            limit=self._settings.batch_size,
            aside=self._isolation.aside(),
            losses=self._losses,
        )
        if selection.jobs:
            self._note_new_attempts(selection.jobs)
            spans = [_span_of(job) for job in selection.jobs]
            with ending_all(spans):
                self._publisher.publish(list(map(_below, selection.jobs, spans)))
        return selection

    def _count_taken(self, selection: Selection) -> int:
        """Return how many jobs the workers take in `SOON_S`, judged by how many they took lately."""
        before, self._left_unstarted = self._left_unstarted, 0
        taken = 0
        if selection.unstarted is not None:
            taken = max(0, before - selection.unstarted)
            self._left_unstarted = selection.unstarted + len(selection.jobs)
        return int(self._taken.count(taken) * SOON_S)

    def _note_new_attempts(self, jobs: Sequence[DispatchedJob]) -> None:
        """Let workers drop messages of earlier attempts, and forget cancels of an earlier life."""
        # A first attempt has no past.
        again = [job for job in jobs if job.attempt > 1]
        if not again:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for job in again:
                pipeline.set(redis_keys.newest_attempt(job.key.job), job.attempt, ex=redis_keys.NEWEST_TTL_S)
                pipeline.delete(redis_keys.cancel(job.key.job))
            pipeline.execute()


def _span_of(job: DispatchedJob) -> Span:
    return span("dispatch", job.traceparent, job_id=job.job_id, attempt=job.attempt, queue=job.queue)


def _below(job: DispatchedJob, dispatch: Span) -> DispatchedJob:
    # Nearly none is traced, and a copy would cost each.
    return job if dispatch.traceparent is None else replace(job, traceparent=dispatch.traceparent)
