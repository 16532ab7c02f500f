"""The guard takes no database for an older state of itself while its leader goes on marking it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.incarnations.errors import DatabaseRestored
from operation_server.incarnations.guard import DatabaseGuard, DatabaseMark
from satellite.contracts import redis_keys


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


class BusyRedis:
    """A Redis of which something happens in the moment before its mark is read."""

    def __init__(self, redis: Redis, happens: Any) -> None:
        self._redis = redis
        self._happens = happens

    async def get(self, key: str) -> Any:
        await self._happens()
        return await self._redis.get(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)


@pytest.mark.parametrize("asked", ["check", "mark"])
async def test_a_mark_that_was_made_meanwhile_is_no_older_state(
    asked: str, engine: AsyncEngine, redis: Redis
) -> None:
    leader = DatabaseGuard(engine.connect, redis)
    await leader.check()

    async def the_leader_goes_on() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE written AS SELECT generate_series(1, 10000)"))
            await connection.execute(text("DROP TABLE written"))
        await leader.mark()

    other: Any = DatabaseGuard(engine.connect, BusyRedis(redis, the_leader_goes_on))  # type: ignore[arg-type]
    for _ in range(3):
        await getattr(other, asked)()


async def test_a_mark_beyond_it_is_one(engine: AsyncEngine, redis: Redis) -> None:
    guard = DatabaseGuard(engine.connect, redis)
    await guard.check()
    await guard.mark()
    mark = DatabaseMark.model_validate_json(await redis.get(redis_keys.DATABASE_MARK))
    further = mark.model_copy(update={"position": mark.position + 2**40})
    await redis.set(redis_keys.DATABASE_MARK, further.model_dump_json())

    with pytest.raises(DatabaseRestored):
        await guard.check()
    with pytest.raises(DatabaseRestored):
        await guard.mark()
