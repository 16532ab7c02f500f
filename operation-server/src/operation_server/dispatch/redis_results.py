"""Results from a Redis: the broker's list, moved aside until it is applied.

Taken straight from Redis instead of through a kombu consumer, which needs four round trips a message: two to
fetch and two to acknowledge. A consumer that died leaves what it had taken in a list of its own, from where
the next one takes it up.
"""

from __future__ import annotations

import uuid

from redis.asyncio import Redis

from operation_server.dispatch.results_source import BLOCK_S
from satellite.contracts import redis_keys
from satellite.contracts.task_names import RESULTS_QUEUE

# KEYS: queue, list aside, set of lists aside. ARGV: how many at most. The list is registered here and not
# once at the start, because Redis may lose its data in between.
TAKE = """
redis.call('SADD', KEYS[3], KEYS[2])
local taken = {}
for i = 1, tonumber(ARGV[1]) do
    local message = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
    if not message then break end
    taken[i] = message
end
return taken
"""

# KEYS: queue, list aside, set of lists aside. The newest message goes first, so that the oldest is next.
PUT_BACK = """
local count = 0
while redis.call('LMOVE', KEYS[2], KEYS[1], 'LEFT', 'RIGHT') do count = count + 1 end
redis.call('SREM', KEYS[3], KEYS[2])
return count
"""


class RedisResults:
    """A `ResultsSource` that takes messages in batches, each into a list of this consumer's own.

    One consumer leads at a time, but one that was taken for dead may wake up beside its successor: with one
    list for all, it would forget what its successor has taken.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._aside = redis_keys.results_in_flight(uuid.uuid4().hex)

    async def recover(self) -> int:
        """Put back what any consumer had taken and not applied; return how many messages it was.

        What another one still works on is then applied twice, which changes nothing the second time.

        Raises:
            RedisError: Redis does not answer.
        """
        count = 0
        for aside in await self._redis.smembers(redis_keys.RESULTS_CONSUMERS):
            keys = (RESULTS_QUEUE, aside, redis_keys.RESULTS_CONSUMERS)
            count += int(await self._redis.eval(PUT_BACK, len(keys), *keys))
        return count

    async def take(self, limit: int) -> list[bytes]:
        """Return the next messages, oldest first; none when there were none for a while.

        Raises:
            RedisError: Redis does not answer.
        """
        keys = (RESULTS_QUEUE, self._aside, redis_keys.RESULTS_CONSUMERS)
        # Sent together: the script runs as soon as the first message has ended the wait.
        async with self._redis.pipeline(transaction=False) as commands:
            commands.blmove(RESULTS_QUEUE, self._aside, BLOCK_S, "RIGHT", "LEFT")
            commands.eval(TAKE, len(keys), *keys, limit - 1)
            first, more = await commands.execute()
        return [first, *more] if first is not None else more

    async def done(self) -> None:
        """Forget what was taken, because it was applied."""
        await self._redis.delete(self._aside)

    async def release(self) -> None:
        """Have nothing to give back: `recover` finds what another one had taken."""
