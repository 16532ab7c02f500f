"""Notes of the dispatcher about jobs that it leaves alone for a while, for whoever asks why they wait."""

from __future__ import annotations

from collections.abc import Mapping

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from satellite.contracts import redis_keys

NOTE_TTL_S = 120
"""Longer than a job is left alone, and renewed each time."""


def note_put_aside(redis: BlockingRedis, reasons: Mapping[str, str]) -> None:
    """Note why jobs, or groups of them, are left alone.

    Raises:
        RedisError: Redis does not answer.
    """
    with redis.pipeline(transaction=False) as pipeline:
        for what, reason in reasons.items():
            pipeline.set(redis_keys.put_aside(what), reason, ex=NOTE_TTL_S)
        pipeline.execute()


def job(job_id: int) -> str:
    """Return what a note about a job is kept under."""
    return f"job:{job_id}"


def group(plugin_id: int, owner_id: int) -> str:
    """Return what a note about all waiting jobs of a user for a plugin version is kept under."""
    return f"group:{plugin_id}:{owner_id}"


class AsideNotes:
    """Reads the notes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def find(self, *, job_id: int, plugin_id: int, owner_id: int) -> str | None:
        """Return why a job is left alone; None when it is not, or when Redis does not answer."""
        keys = [redis_keys.put_aside(what) for what in (job(job_id), group(plugin_id, owner_id))]
        try:
            found = await self._redis.mget(keys)
        except (RedisError, OSError):
            return None
        reason = next((note for note in found if note is not None), None)
        return reason.decode() if isinstance(reason, bytes) else reason
