"""The worker's sign of life."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from redis import Redis

from satellite.contracts import redis_keys
from satellite.contracts.worker import WorkerHeartbeat

HEARTBEAT_EVERY_S = 5.0
HEARTBEAT_TTL_S = 15
LEFT_TTL_S = 600


class Heartbeat:
    """Writes a `WorkerHeartbeat` with a time to live."""

    def __init__(self, redis: Redis, *, name: str, describe: Callable[[], dict[str, object]]) -> None:
        """Ask `describe` for what may have changed at each beat."""
        self._redis = redis
        self._name = name
        self._describe = describe
        self._started_at = datetime.now(UTC)

    def beat(self) -> None:
        """Write the heartbeat.

        Raises:
            RedisError: Redis does not answer.
        """
        beat = WorkerHeartbeat.model_validate(
            {
                "name": self._name,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "version": version("satellite-analysis-server"),
                "started_at": self._started_at,
                "seen_at": datetime.now(UTC),
                **self._describe(),
            }
        )
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.set(redis_keys.worker(self._name), beat.model_dump_json(), ex=HEARTBEAT_TTL_S)
            pipeline.sadd(redis_keys.WORKERS, self._name)
            pipeline.execute()

    def end(self) -> None:
        """Take the heartbeat back, because the worker leaves in order, and say so: it is no loss."""
        with self._redis.pipeline(transaction=False) as pipeline:
            left = redis_keys.worker_left(self._name)
            pipeline.set(left, self._started_at.isoformat(), ex=LEFT_TTL_S)
            pipeline.delete(redis_keys.worker(self._name))
            pipeline.execute()
