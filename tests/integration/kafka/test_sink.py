"""Each event of a job is in the topic, in the order of its job, whatever dies; its cursor tells repeats."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.parts import Parts
from operation_server.events.reader import EventReader
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs.transitions import request_cancel
from operation_server.kafka.errors import BrokersAway
from operation_server.kafka.producer import RecordProducer
from operation_server.kafka.settings import KafkaSettings
from operation_server.kafka.sink import EventSink
from operation_server.kafka.standing import Standing
from satellite.contracts.event import Event
from tests.fixtures.kafka import KEPT_AFTER_S, KafkaBroker
from tests.integration.kafka.conftest import EVENTS, KafkaProcess, until
from tests.integration.transitions.seed import submit_one

ROUNDS, JOBS = 2, 15
Story = dict[int, list[int]]
"""The ids of a job's events, in their order."""


async def write(engine: AsyncEngine, jobs: int = JOBS) -> None:
    """Let jobs come and go."""
    for _ in range(jobs):
        job_id = await submit_one(engine)
        async with engine.begin() as connection:
            await connection.run_sync(request_cancel, [job_id])


async def written(engine: AsyncEngine) -> Story:
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT job_id, id FROM job_events ORDER BY id"))).all()
    story: Story = defaultdict(list)
    for row in rows:
        story[row.job_id].append(row.id)
    return story


def told(kafka: KafkaBroker) -> Story:
    """Return what who reads the topic as the documentation says has seen."""
    story: Story = defaultdict(list)
    for message in kafka.read(EVENTS):
        job_id = int(message.key() or b"")
        cursor = int(dict(message.headers() or ())["cursor"].decode().rpartition(":")[2])
        if not story[job_id] or cursor > story[job_id][-1]:
            story[job_id].append(cursor)
    return story


async def mark(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        found = await connection.scalar(
            text("SELECT position FROM event_readers WHERE name = :name"), {"name": f"kafka:{EVENTS}"}
        )
    return found or 0


async def newest(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("SELECT max(id) FROM job_events")) or 0


async def test_all_events_in_order_whatever_dies(
    engine: AsyncEngine, kafka: KafkaBroker, process: KafkaProcess
) -> None:
    kafka.make(EVENTS, partitions=3)
    for number in range(ROUNDS):
        process.start()
        before = await mark(engine)
        writing = asyncio.create_task(write(engine))
        await until(lambda was=before: _has_moved(engine, was))
        if number == 1:
            await writing
            # What it acknowledged last is to be on its disk.
            await asyncio.sleep(KEPT_AFTER_S)
            kafka.kill()
            await write(engine, 1)
            await until(lambda: _waits(process))
            kafka.start()
        process.kill()
        await writing
    process.start()
    last = await newest(engine)
    await until(lambda: _is_at(engine, last))

    assert told(kafka) == await written(engine)
    assert (await asyncio.to_thread(process.health)).returncode == 0


async def _has_moved(engine: AsyncEngine, was: int) -> bool:
    return await mark(engine) > was


async def _is_at(engine: AsyncEngine, position: int) -> bool:
    return await mark(engine) == position


async def _waits(process: KafkaProcess) -> bool:
    folder = Path(process.environment["SATELLITE_HEALTH_DIR"])
    return "BrokersAway" in (SignOfLife(folder, "kafka").refusal() or "")


@pytest.fixture
def sink(parts: Parts) -> EventSink:
    producer = RecordProducer(KafkaSettings().client_options())
    return EventSink(producer, topic=EVENTS, standing=Standing(parts.life))


async def test_a_record_is_what_clients_see(engine: AsyncEngine, sink: EventSink, kafka: KafkaBroker) -> None:
    kafka.make(EVENTS)
    await write(engine, 1)
    await EventReader(engine, sink).read()

    messages = kafka.read(EVENTS)
    events = [Event.model_validate_json(message.value() or b"") for message in messages]
    [job_id] = await written(engine)
    assert [(event.job_id, event.type) for event in events] == [
        (job_id, "status"), (job_id, "status"), (job_id, "result")
    ]  # fmt: skip
    assert events[-1].data["status"] == "cancelled"
    for message, event in zip(messages, events, strict=True):
        headers = {name: value.decode() for name, value in message.headers() or ()}
        assert headers == {"cursor": event.cursor, "type": event.type}


async def test_a_result_that_brokers_do_not_take_is_left_out(
    engine: AsyncEngine, sink: EventSink, kafka: KafkaBroker
) -> None:
    kafka.make(EVENTS)
    await write(engine, 2)
    large = random.Random(7).randbytes(1_500_000).hex()
    data: dict[str, Any] = {"status": "completed", "result": large, "attempt": 1}
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE job_events SET data = CAST(:data AS json) WHERE id = 3"), {"data": json.dumps(data)}
        )
    reader = EventReader(engine, sink)
    while await reader.read():
        pass

    assert told(kafka) == await written(engine)
    (short,) = (each for each in kafka.read(EVENTS) if ("left-out", b"result") in (each.headers() or ()))
    assert json.loads(short.value() or b"")["data"] == {"status": "completed", "attempt": 1}


async def test_without_brokers_the_mark_stays_and_nothing_is_held_for_long(
    engine: AsyncEngine, sink: EventSink, kafka: KafkaBroker, parts: Parts
) -> None:
    kafka.make(EVENTS)
    await asyncio.sleep(KEPT_AFTER_S)
    kafka.kill()
    await write(engine, 1)
    reader = EventReader(engine, sink)
    with pytest.raises(BrokersAway):
        await reader.read()
    began = time.monotonic()
    with pytest.raises(BrokersAway):
        await reader.read()
    # Once it is known that they are away they are asked first, for a second.
    assert time.monotonic() - began < 4
    assert await mark(engine) == 0
    assert "SATELLITE_KAFKA_BOOTSTRAP_SERVERS" in (parts.life.refusal() or "")

    kafka.start()
    await until(lambda: _reads(reader))
    assert told(kafka) == await written(engine)
    assert parts.life.refusal() is None


async def _reads(reader: EventReader) -> bool:
    try:
        return await reader.read() > 0
    except BrokersAway:
        return False
