"""The cancel signal: a key that no claim gets past, and a message that stops what runs."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from satellite.contracts import redis_keys
from satellite.contracts.identity import JobKey
from satellite.contracts.job import ControlAction, ControlMessage

CANCEL_KEY_TTL_S = 86_400


async def signal_cancels(redis: Redis, jobs: Sequence[JobKey]) -> None:
    """Tell workers, for the first time or again, that these jobs shall stop.

    Raises:
        RedisError: Redis does not answer.
    """
    if not jobs:
        return
    async with redis.pipeline(transaction=False) as pipeline:
        for job in jobs:
            message = ControlMessage(action=ControlAction.CANCEL, job_id=job.job_id, uid=job.uid)
            pipeline.set(redis_keys.cancel(job), "1", ex=CANCEL_KEY_TTL_S)
            pipeline.publish(redis_keys.CONTROL_CHANNEL, message.model_dump_json())
        await pipeline.execute()
