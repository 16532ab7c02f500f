"""Reads the heartbeats of workers from Redis."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from satellite.contracts import redis_keys
from satellite.contracts.worker import WorkerHeartbeat
from satellite.errors import SatelliteError

log = structlog.get_logger(__name__)


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
            keys = [key async for key in self._redis.scan_iter(match=redis_keys.WORKER_PATTERN, count=1000)]
            texts = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError) as exc:
            raise BrokerUnavailable from exc
        beats = [beat for text in texts if text is not None and (beat := _parse(text)) is not None]
        return sorted(beats, key=lambda beat: beat.name)


def _parse(text: str | bytes) -> WorkerHeartbeat | None:
    try:
        return WorkerHeartbeat.model_validate_json(text)
    except ValidationError as exc:
        log.warning("a heartbeat cannot be read", error=str(exc))
        return None
