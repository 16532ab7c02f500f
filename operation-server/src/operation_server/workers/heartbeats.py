"""The heartbeats of live workers, as Redis has them."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from satellite.contracts import redis_keys
from satellite.contracts.worker import WorkerHeartbeat

log = structlog.get_logger(__name__)


async def read_heartbeats(redis: Redis) -> list[WorkerHeartbeat]:
    """Return the newest heartbeat of each live worker, by name.

    The names are kept in a set, because looking for keys by pattern would walk over every claim.

    Raises:
        RedisError: Redis does not answer.
    """
    names = sorted(_text(name) for name in await redis.smembers(redis_keys.WORKERS))
    texts = await redis.mget([redis_keys.worker(name) for name in names]) if names else []
    gone = [name for name, text in zip(names, texts, strict=True) if text is None]
    if gone:
        await redis.srem(redis_keys.WORKERS, *gone)
    return [beat for text in texts if text is not None and (beat := _parse(text)) is not None]


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _parse(text: bytes | str) -> WorkerHeartbeat | None:
    try:
        return WorkerHeartbeat.model_validate_json(text)
    except ValidationError as error:
        log.warning("a heartbeat cannot be read", error=str(error))
        return None
