"""What follows a commit: events to the stream, cancel signals to workers. None of it may fail a request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.live.event_publisher import EventPublisher
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import JobKey

log = structlog.get_logger(__name__)


class AfterCommit:
    """Runs in the background what the reconciler would repeat anyway."""

    def __init__(self, *, publisher: EventPublisher, redis: Redis) -> None:
        self._publisher = publisher
        self._redis = redis
        self._running: set[asyncio.Task[None]] = set()

    def publish(self, entries: Sequence[StreamEntry]) -> None:
        """Publish committed events soon."""
        if entries:
            self._start(self._publish(entries))

    def signal_cancel(self, jobs: Sequence[JobKey]) -> None:
        """Tell workers soon that these jobs shall stop."""
        if jobs:
            self._start(self._signal_cancel(jobs))

    async def drain(self, *, timeout_s: float) -> None:
        """Wait for what is under way; what is not done then is left to the reconciler."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=timeout_s)
            for task in late:
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # The event loop keeps only weak references to tasks.
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("work after a commit failed unforeseen", exc_info=error)

    async def _publish(self, entries: Sequence[StreamEntry]) -> None:
        await self._publisher.publish(entries)

    async def _signal_cancel(self, jobs: Sequence[JobKey]) -> None:
        try:
            await signal_cancels(self._redis, jobs)
        except (RedisError, OSError) as exc:
            log.warning("cancel signals wait for the reconciler", jobs=jobs[:20], error=str(exc))
