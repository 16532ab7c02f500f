"""Where the results consumer gets its messages: the broker's list, moved aside until they are applied.

Taken straight from Redis instead of through a kombu consumer, which needs four round trips a message: two to
fetch and two to acknowledge. A consumer that died finds what it had taken in the list aside.
"""

from __future__ import annotations

import base64
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis

from satellite.contracts import redis_keys
from satellite.contracts.task_names import RESULTS_QUEUE

BLOCK_S = 2

# KEYS: queue, list aside. ARGV: how many at most.
TAKE = """
local taken = {}
for i = 1, tonumber(ARGV[1]) do
    local message = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
    if not message then break end
    taken[i] = message
end
return taken
"""

log = structlog.get_logger(__name__)


class ReceivedTask:
    """A Celery message for the operation server: the task's name and its one argument."""

    __slots__ = ("argument", "name")

    def __init__(self, name: str, argument: dict[str, Any]) -> None:
        self.name = name
        self.argument = argument


class ResultsSource:
    """Takes messages in batches; one consumer at a time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def recover(self) -> int:
        """Put back what a consumer that died had taken; return how many messages it was."""
        count = 0
        while await self._redis.lmove(redis_keys.RESULTS_IN_FLIGHT, RESULTS_QUEUE, "LEFT", "RIGHT"):
            count += 1
        return count

    async def take(self, limit: int) -> list[bytes]:
        """Return the next messages, oldest first; none when there were none for a while.

        Raises:
            RedisError: Redis does not answer.
        """
        # Sent together: the script runs as soon as the first message has ended the wait.
        async with self._redis.pipeline(transaction=False) as commands:
            commands.blmove(RESULTS_QUEUE, redis_keys.RESULTS_IN_FLIGHT, BLOCK_S, "RIGHT", "LEFT")
            commands.eval(TAKE, 2, RESULTS_QUEUE, redis_keys.RESULTS_IN_FLIGHT, limit - 1)
            first, more = await commands.execute()
        return [first, *more] if first is not None else more

    async def done(self) -> None:
        """Forget what was taken, because it was applied."""
        await self._redis.delete(redis_keys.RESULTS_IN_FLIGHT)


def decode(raw: bytes) -> ReceivedTask | None:
    """Return the task of a message of the virtual transport, or None when it cannot be read."""
    try:
        message = orjson.loads(raw)
        body = message["body"]
        if message["properties"].get("body_encoding") == "base64":
            body = base64.b64decode(body)
        argument = orjson.loads(body)[0][0]
        return ReceivedTask(message["headers"]["task"], argument)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        log.error("message of the results queue cannot be read, dropped", error=str(error), start=raw[:200])  # noqa: TRY400
        return None
