"""Reads the heartbeats of workers from Redis."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.workers.heartbeats import read_heartbeats
from satellite.contracts.worker import WorkerHeartbeat
from satellite.errors import SatelliteError


class BrokerUnavailable(SatelliteError):
    """Redis does not answer, so nothing is known about workers; jobs are accepted and wait."""

    code = "broker_unavailable"


class WorkerService:
    """Tells which workers live."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def list_live(self) -> Sequence[WorkerHeartbeat]:
        """Return the newest heartbeat of each live worker, by name.

        Raises:
            BrokerUnavailable: Redis does not answer.
        """
        try:
            return await read_heartbeats(self._redis)
        except (RedisError, OSError) as exc:
            raise BrokerUnavailable from exc
