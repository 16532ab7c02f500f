"""Live events of running attempts, progress and log lines, added to the Redis stream in batches."""

from __future__ import annotations

import threading
from collections import deque

import structlog
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.loop_thread import LoopThread
from satellite.contracts import redis_keys
from satellite.contracts.event import StreamEntry

FLUSH_S = 0.03
STREAM_LENGTH = 100_000
WAITING_MAX = 10_000
"""Older live events are dropped beyond this while Redis is away; the whole log is stored with the outcome."""

logger = structlog.get_logger(__name__)


class EventStream:
    """Adds live events from one thread, so that no plugin's output waits for Redis."""

    def __init__(self, redis: Redis) -> None:
        """Start the thread."""
        self._redis = redis
        self._waiting: deque[StreamEntry] = deque(maxlen=WAITING_MAX)
        self._some = threading.Event()
        self._closed = threading.Event()
        # Live events may be lost, and running attempts beside them are worth more.
        self._thread = LoopThread("event-stream", self._run)
        self._thread.start()

    def tell(self, entry: StreamEntry) -> None:
        """Add an event soon."""
        self._waiting.append(entry)
        self._some.set()

    def close(self) -> None:
        """Add what waits and stop."""
        self._closed.set()
        self._some.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not (self._closed.is_set() and not self._waiting):
            self._some.wait()
            self._some.clear()
            # A moment more gathers what a chatty plugin writes into one round trip.
            self._closed.wait(FLUSH_S)
            try:
                self._flush()
            except (RedisError, OSError) as error:
                logger.warning("live events dropped", error=str(error))

    def _flush(self) -> None:
        if not self._waiting:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            while self._waiting:
                entry = self._waiting.popleft()
                fields: dict[str | bytes, str | int] = {
                    "event_id": entry.event_id,
                    "job_id": entry.job_id,
                    "uid": str(entry.uid),
                    "owner_id": entry.owner_id,
                    "type": entry.type.value,
                    "data": entry.data,
                    "at": entry.at.isoformat(),
                }
                pipeline.xadd(redis_keys.EVENTS, fields, maxlen=STREAM_LENGTH, approximate=True)  # type: ignore[arg-type]
            pipeline.execute()
