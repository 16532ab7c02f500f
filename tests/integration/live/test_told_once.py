"""An event is told once, and so is one whose id was given before: a recovery from a backup repeats ids."""

from __future__ import annotations

from datetime import timedelta

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.event_sweep import sweep_events
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.stream_reader import readable
from satellite.contracts import redis_keys
from satellite.contracts.event import EventSubject, EventType, StreamEntry
from satellite.contracts.identity import uid_by_number
from tests.integration.transitions.seed import submit_one


async def stored(engine: AsyncEngine) -> list[StreamEntry]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT *, CAST(data AS text) AS json FROM job_events"))
        return [
            StreamEntry(
                event_id=row.id,
                job_id=row.job_id,
                uid=uid_by_number(row.job_id),
                owner_id=1,
                type=row.type,
                data=row.json,
                at=row.at,
            )
            for row in rows
        ]


async def test_an_id_that_is_given_again_is_another_event(engine: AsyncEngine, redis_url: str) -> None:
    await submit_one(engine)
    (entry,) = await stored(engine)
    async with Redis.from_url(redis_url) as redis:
        events = EventPublisher(redis=redis, engine=engine)
        before_the_recovery = entry.model_copy(update={"at": entry.at - timedelta(hours=1)})
        for _ in range(2):
            await events.publish([before_the_recovery])
        assert await redis.xlen(redis_keys.EVENTS) == 1
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE job_events SET published_at = NULL, at = at - interval '2 s'")
            )
        assert await sweep_events(engine, events) == 1
        assert await redis.xlen(redis_keys.EVENTS) == 2
        await events.aclose()


async def test_clients_are_told_when_an_event_is_of_a_run(engine: AsyncEngine, redis_url: str) -> None:
    await submit_one(engine)
    (entry,) = await stored(engine)
    of_run = entry.model_copy(update={"event_id": 0, "subject": EventSubject.RUN, "type": EventType.STATUS})
    async with Redis.from_url(redis_url) as redis:
        events = EventPublisher(redis=redis, engine=engine)
        await events.publish([entry, of_run])
        frames = [readable((1, 0), fields) for _, fields in await redis.xrange(redis_keys.EVENTS)]
        await events.aclose()
    assert [frame is not None and '"subject":"run"' in frame.text(1) for frame in frames] == [False, True]
