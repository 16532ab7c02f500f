"""The state of the whole platform, looked up when somebody scrapes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.faults import Outage
from operation_server.metrics.repository import COUNTED_AT_MOST, SILENT, JobCounts, count_jobs
from operation_server.workers.heartbeats import read_heartbeats
from satellite.contracts.cluster_nodes import ClusterState
from satellite.contracts.task_names import EXECUTE_QUEUE, RESULTS_QUEUE
from satellite.contracts.worker import WorkerHeartbeat, WorkerState

CACHED_S = 5.0
CACHED_FACTOR = 20
"""Counting a long queue takes a while; it is repeated so rarely that it costs a twentieth of a connection."""
LOOK_UP_TIMEOUT_S = 5.0
ALWAYS_SHOWN = (EXECUTE_QUEUE, RESULTS_QUEUE)
"""Queues whose length is told also while no worker says that it consumes them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlatformState(Collector):
    """What was found; None stands for a part that did not answer."""

    jobs: JobCounts | None = None
    workers: list[WorkerHeartbeat] | None = None
    messages: dict[str, int] | None = None

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges; a part that did not answer has none, for a stale number would be a lie."""
        up = GaugeMetricFamily("satellite_part_up", "Whether a part answered this scrape.", labels=["part"])
        up.add_metric(["database"], float(self.jobs is not None))
        up.add_metric(["redis"], float(self.workers is not None))
        yield up
        if self.jobs is not None:
            yield from _job_gauges(self.jobs)
        if self.workers is not None:
            yield from _worker_gauges(self.workers)
        if self.messages is not None:
            broker = GaugeMetricFamily("satellite_broker_messages", "Messages in a queue.", labels=["queue"])
            for queue, length in self.messages.items():
                broker.add_metric([queue], length)
            yield broker


class QueueLengths(Protocol):
    """Counts the messages of a broker that is not Redis."""

    always_shown: Sequence[str]

    async def lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue.

        Raises:
            Outage: the broker does not answer.
        """


class PlatformStateReader:
    """Looks the state up, at most every few seconds however often it is asked for."""

    def __init__(self, connections: Connections, redis: Redis, *, queues: QueueLengths | None = None) -> None:
        """Count messages by `queues`; without it they are in Redis."""
        self._connections = connections
        self._redis = redis
        self._queues = queues
        self._known = PlatformState()
        self._known_until = 0.0
        self._looking = asyncio.Lock()

    async def read(self) -> PlatformState:
        """Return the state, at most some seconds old; never raises."""
        async with self._looking:
            if time.monotonic() >= self._known_until:
                began = time.monotonic()
                self._known = await self._look_up()
                now = time.monotonic()
                self._known_until = now + max(CACHED_S, CACHED_FACTOR * (now - began))
        return self._known

    async def _look_up(self) -> PlatformState:
        jobs, workers, messages = None, None, None
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                jobs = await self._count_jobs()
        except (*DATABASE_ERRORS, TimeoutError):
            pass
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                workers = await read_heartbeats(self._redis)
                messages = await self._count_messages(workers)
        except (RedisError, OSError, TimeoutError, Outage):
            pass
        return PlatformState(jobs=jobs, workers=workers, messages=messages)

    async def _count_jobs(self) -> JobCounts:
        async with self._connections.connect() as connection:
            return await count_jobs(connection)

    async def _count_messages(self, beats: list[WorkerHeartbeat]) -> dict[str, int]:
        consumed = {queue for beat in beats for queue in beat.queues if queue.startswith(EXECUTE_QUEUE)}
        if self._queues is not None:
            return await self._queues.lengths(sorted(consumed.union(ALWAYS_SHOWN, self._queues.always_shown)))
        queues = sorted(consumed.union(ALWAYS_SHOWN))
        async with self._redis.pipeline(transaction=False) as pipeline:
            for queue in queues:
                pipeline.llen(queue)
            return dict(zip(queues, await pipeline.execute(), strict=True))


def _job_gauges(jobs: JobCounts) -> Iterable[Metric]:
    by_status = GaugeMetricFamily(
        "satellite_jobs",
        f"Jobs by status; failed ones are counted up to {COUNTED_AT_MOST}, completed ones not at all.",
        labels=["status"],
    )
    by_status.add_metric(["queued"], jobs.waiting + jobs.dispatched)
    by_status.add_metric(["processing"], jobs.processing)
    by_status.add_metric(["failed"], jobs.failed)
    yield by_status
    yield GaugeMetricFamily("satellite_queue_jobs", "Jobs that no worker was told of.", value=jobs.waiting)
    yield GaugeMetricFamily(
        "satellite_queue_oldest_seconds", "How long the oldest of them has been due.", value=jobs.oldest_s
    )
    yield GaugeMetricFamily(
        "satellite_dispatched_jobs", "Jobs in the broker, not started yet.", value=jobs.dispatched
    )
    yield GaugeMetricFamily(
        "satellite_rejected_reports", "Reports set aside that are still kept.", value=jobs.rejected_reports
    )
    yield GaugeMetricFamily(
        "gpu_jobs_active", "Jobs that were sent to a cluster and have not ended.", value=jobs.on_clusters
    )
    yield GaugeMetricFamily(
        "cluster_connections_active", "Open connections of SSH to clusters.", value=jobs.cluster_connections
    )
    clusters = GaugeMetricFamily("satellite_clusters", "Registered clusters by state.", labels=["state"])
    for state in (*ClusterState, SILENT):
        clusters.add_metric([state], jobs.clusters.get(state, 0))
    yield clusters


def _worker_gauges(workers: list[WorkerHeartbeat]) -> Iterable[Metric]:
    states = dict.fromkeys(WorkerState, 0)
    for worker in workers:
        states[worker.state] += 1
    by_state = GaugeMetricFamily("satellite_workers", "Live workers by state.", labels=["state"])
    for state, count in states.items():
        by_state.add_metric([state], count)
    yield by_state
    # Those of a drained worker that nothing runs in are not there for anybody.
    slots = sum(worker.slots_taken if worker.drained else worker.slots for worker in workers)
    taken = sum(worker.slots_taken for worker in workers)
    yield GaugeMetricFamily(
        "satellite_slots", "Attempts, or batches of them, that live workers can hold.", value=slots
    )
    yield GaugeMetricFamily("satellite_slots_taken", "Those that they hold.", value=taken)
    yield GaugeMetricFamily(
        "satellite_workers_spans_dropped",
        "Spans of traces that no collector took of live workers.",
        value=sum(worker.spans_dropped for worker in workers),
    )
