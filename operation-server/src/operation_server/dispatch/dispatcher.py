"""The dispatcher: due jobs go to the broker, as many as the workers can take soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.pace import Pace, Rate
from operation_server.dispatch.publisher import BrokerDown, JobPublisher
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Wakeups
from operation_server.jobs.transitions import (
    DispatchCapacity,
    DispatchedJob,
    PluginCatalog,
    Selection,
    select_and_mark,
)
from operation_server.metrics.recording import jobs_dispatched, loop_rested
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys

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
    ) -> None:
        self._transactions = transactions
        self._redis = redis
        self._publisher = publisher
        self._capacity = capacity
        self._settings = settings
        self._catalog = PluginCatalog()
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
                wakeups.wants_room = self._has_more
                rest_s = pace.rest_s(count, took_s=time.monotonic() - began_s)
                loop_rested("dispatcher", rest_s)
                await asyncio.sleep(rest_s)
            except (BrokerDown, SQLAlchemyError, RedisError, OSError) as error:
                log.warning("nothing dispatched", error=" ".join(str(error).split())[:300])
                await asyncio.sleep(AFTER_FAILURE_S)

    async def dispatch(self) -> int:
        """Send the next due jobs, and return how many; a failure leaves them as they were.

        Raises:
            BrokerDown: the broker takes no messages.
        """
        capacity = await self._capacity.read()
        self._has_no_worker = not capacity.depth and not capacity.gpu_depth
        self._has_more = self._has_no_worker
        if self._has_no_worker:
            return 0
        selection = await self._transactions.run(
            partial(self._mark_and_publish, capacity=capacity.deepened_by(self._taken_soon))
        )
        self._has_more = selection.has_more
        self._taken_soon = self._count_taken(selection)
        if selection.jobs:
            jobs_dispatched(len(selection.jobs))
        return len(selection.jobs)

    def _mark_and_publish(self, connection: Connection, *, capacity: DispatchCapacity) -> Selection:
        # Published inside the transaction that marks them: if the broker refuses, nothing has happened.
        # The other way round, a message whose mark is lost is stale, and the attempt is dispatched again.
        selection = select_and_mark(
            connection, capacity=capacity, catalog=self._catalog, limit=self._settings.batch_size
        )
        if selection.jobs:
            self._forget_cancels(selection.jobs)
            self._publisher.publish(selection.jobs)
        return selection

    def _count_taken(self, selection: Selection) -> int:
        """Return how many jobs the workers take in `SOON_S`, judged by how many they took lately."""
        before, self._left_unstarted = self._left_unstarted, 0
        taken = 0
        if selection.unstarted is not None:
            taken = max(0, before - selection.unstarted)
            self._left_unstarted = selection.unstarted + len(selection.jobs)
        return int(self._taken.count(taken) * SOON_S)

    def _forget_cancels(self, jobs: Sequence[DispatchedJob]) -> None:
        # A replayed job may have been cancelled in an earlier life. A first attempt has no past.
        keys = [redis_keys.cancel(job.job_id) for job in jobs if job.attempt > 1]
        if keys:
            self._redis.delete(*keys)
