"""What Redis still holds of the time that a recovery took back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from redis.asyncio import Redis

from operation_server.jobs.cancel_signal import signal_cancels
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.task_names import EXECUTE_QUEUE

AT_ONCE: Final = 1_000
OF_THE_PAST: Final = ("satellite:*", f"{EXECUTE_QUEUE}*", "unacked*")
"""All keys of ours, the queues of attempts, and what Celery's transport keeps of messages under way."""
OF_LIVE_WORKERS: Final = (redis_keys.WORKERS, redis_keys.worker(""), redis_keys.rate("", "")[:-1])
"""What says nothing of jobs stays: heartbeats and rates."""


async def forget_attempts(redis: Redis) -> int:
    """Stop what workers run of before, and forget what Redis knows of it; return how many were stopped.

    An attempt of before has a number that is given to nobody again, so what it still reports is dropped.

    Raises:
        RedisError: Redis does not answer; safe to repeat.
    """
    held = [key async for name in _names(redis, redis_keys.LEASES) if (key := redis_keys.leased(name))]
    for pattern in OF_THE_PAST:
        async for names in _batches(redis, pattern):
            if doomed := [name for name in names if not name.startswith(OF_LIVE_WORKERS)]:
                await redis.unlink(*doomed)
    await stop(redis, held)
    return len(held)


async def stop(redis: Redis, held: Sequence[AttemptKey]) -> None:
    """Let workers that were not stopped end what they run."""
    for start in range(0, len(held), AT_ONCE):
        await signal_cancels(redis, [key.job for key in held[start : start + AT_ONCE]])


async def forget_mark(redis: Redis) -> None:
    """Forget how far the database had come.

    Raises:
        RedisError: Redis does not answer.
    """
    await redis.delete(redis_keys.DATABASE_MARK)


async def _names(redis: Redis, pattern: str) -> AsyncIterator[str]:
    async for names in _batches(redis, pattern):
        for name in names:
            yield name


async def _batches(redis: Redis, pattern: str) -> AsyncIterator[list[str]]:
    cursor = 0
    while True:
        cursor, names = await redis.scan(cursor, match=pattern, count=AT_ONCE)
        if names:
            yield [name.decode() if isinstance(name, bytes) else name for name in names]
        if cursor == 0:
            return
