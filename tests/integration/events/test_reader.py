"""A second reader of durable events sees each exactly once, whatever dies, commits late or never commits."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.events.reader import EventReader, MarkMoved
from operation_server.jobs.transitions import submit_jobs
from operation_server.jobs.transitions.events import NewEvent, Subject, insert_events
from satellite.contracts.event import EventSubject, EventType
from satellite.contracts.identity import uid_by_number
from tests.integration.events.following import Noting
from tests.integration.transitions.seed import new_job, submit_one

WRITERS, ROUNDS, KILLS = 4, 40, 6
DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
async def seen(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE seen (id serial, event_id bigint NOT NULL)"))


async def ids(engine: AsyncEngine, statement: str) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text(statement)))


async def seen_ids(engine: AsyncEngine) -> list[int]:
    return await ids(engine, "SELECT event_id FROM seen ORDER BY id")


async def all_ids(engine: AsyncEngine) -> list[int]:
    return await ids(engine, "SELECT id FROM job_events ORDER BY id")


async def drain(reader: EventReader) -> None:
    while await reader.read():
        pass


async def write(engine: AsyncEngine, choice: random.Random) -> None:
    """Commit jobs late and out of order, and now and then not at all."""
    for _ in range(ROUNDS):
        async with engine.connect() as connection:
            transaction = await connection.begin()
            await connection.run_sync(submit_jobs, [new_job(1, 1) for _ in range(choice.randint(1, 4))])
            await asyncio.sleep(choice.uniform(0, 0.03))
            await (transaction.rollback() if choice.random() < 0.3 else transaction.commit())


async def test_each_event_once_across_kills_and_rollbacks(engine: AsyncEngine, database_url: str) -> None:
    await submit_one(engine)
    command = [sys.executable, "-m", "tests.integration.events.following", database_url]
    writers = asyncio.gather(*(write(engine, random.Random(number)) for number in range(WRITERS)))
    for _ in range(KILLS):
        follower = subprocess.Popen(command)
        before = len(await seen_ids(engine))
        deadline = time.monotonic() + DEADLINE_S
        while len(await seen_ids(engine)) == before and time.monotonic() < deadline and not writers.done():
            await asyncio.sleep(0.01)
        follower.kill()
        follower.wait()
    await writers
    reader = EventReader(engine, Noting())
    deadline = time.monotonic() + DEADLINE_S
    while len(await seen_ids(engine)) < len(await all_ids(engine)) and time.monotonic() < deadline:
        await drain(reader)

    written = await all_ids(engine)
    assert len(written) < written[-1]  # Some were never committed.
    assert await seen_ids(engine) == written


async def test_an_event_that_commits_late_is_waited_for(engine: AsyncEngine) -> None:
    await submit_one(engine)
    reader = EventReader(engine, Noting())
    await drain(reader)
    async with engine.connect() as late:
        await late.run_sync(submit_jobs, [new_job(1, 1)])
        await submit_one(engine)
        for _ in range(3):
            assert await reader.read() == 0
        await late.commit()
    await drain(reader)
    assert await seen_ids(engine) == await all_ids(engine)


async def test_an_event_that_never_commits_is_gone_past(engine: AsyncEngine) -> None:
    await submit_one(engine)
    async with engine.connect() as lost:
        await lost.run_sync(submit_jobs, [new_job(1, 1)])
        await submit_one(engine)
        reader = EventReader(engine, Noting())
        assert await reader.read() == 1
        await lost.rollback()
    assert await reader.read() == 1
    assert await seen_ids(engine) == await all_ids(engine)


async def test_a_bad_event_is_set_aside_and_holds_up_no_other(engine: AsyncEngine) -> None:
    for _ in range(5):
        await submit_one(engine)
    first, bad, *rest = await all_ids(engine)
    await drain(EventReader(engine, Noting(refused=[bad])))
    assert await seen_ids(engine) == [first, *rest]
    async with engine.connect() as connection:
        (fault,) = await connection.execute(text("SELECT * FROM event_reader_faults"))
    assert (fault.reader, fault.event_id) == ("noting", bad)
    assert "is not understood" in fault.reason


async def test_of_two_readers_of_one_name_one_does_nothing(engine: AsyncEngine) -> None:
    for _ in range(20):
        await submit_one(engine)
    readers = [EventReader(engine, Noting(), batch=3) for _ in range(2)]

    async def keep_reading(reader: EventReader) -> None:
        while len(await seen_ids(engine)) < 20:
            try:
                await reader.read()
            except MarkMoved:
                await asyncio.sleep(0)

    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*map(keep_reading, readers))
    assert await seen_ids(engine) == await all_ids(engine)


async def test_events_tell_of_runs_in_the_same_order(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine)
    async with engine.begin() as connection:
        run_id = (await connection.execute(text("SELECT nextval('jobs_id_seq')"))).scalar_one()
        subject = Subject(run_id, uid_by_number(run_id), 1, EventSubject.RUN)
        event = NewEvent(subject, EventType.STATUS, '{"status": "queued"}')
        (entry,) = await connection.run_sync(insert_events, [event])
    assert (entry.subject, entry.job_id) == (EventSubject.RUN, run_id)

    noting = Noting()
    await drain(EventReader(engine, noting))
    assert noting.subjects == [("job", job_id), ("run", run_id)]
