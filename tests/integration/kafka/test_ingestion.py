"""Each record is one job, whatever dies; one that can be none is set aside and stops nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.parts import Parts
from operation_server.kafka.consumer import RecordConsumer
from operation_server.kafka.dead_letters import DeadLetters
from operation_server.kafka.ingestion import Ingestion
from operation_server.kafka.opening import open_door
from operation_server.kafka.producer import RecordProducer
from operation_server.kafka.settings import KafkaSettings
from operation_server.kafka.standing import Standing
from satellite.local.postgres import EmbeddedPostgres
from tests.fixtures.kafka import KEPT_AFTER_S, KafkaBroker
from tests.fixtures.postgres import execute
from tests.integration.kafka.conftest import (
    DEAD_LETTERS,
    SUBMISSIONS,
    KafkaProcess,
    beside,
    make_key,
    until,
)
from tests.integration.operation_server_api.conftest import MANIFEST

RECORDS, PARTITIONS = 60, 3


def job(number: int, **fields: Any) -> bytes:
    return json.dumps({"plugin_name": "adder", "input_data": {"n": number}, **fields}).encode()


async def numbers(engine: AsyncEngine) -> list[int]:
    """Return the input of each job, in the order in which the jobs were stored."""
    async with engine.connect() as connection:
        return list(
            await connection.scalars(text("SELECT CAST(input_data ->> 'n' AS int) FROM jobs ORDER BY id"))
        )


async def _are_there(engine: AsyncEngine, count: int) -> bool:
    return len(await numbers(engine)) >= count


pytestmark = pytest.mark.usefixtures("adder")


async def test_each_record_is_one_job_whatever_dies(
    engine: AsyncEngine,
    postgres_server: EmbeddedPostgres,
    kafka: KafkaBroker,
    process: KafkaProcess,
    user: httpx.AsyncClient,
) -> None:
    kafka.make(SUBMISSIONS, partitions=PARTITIONS)
    key = (await make_key(user))["key"]
    process.environment |= {
        "SATELLITE_KAFKA_EVENTS_TOPIC": "",
        "SATELLITE_KAFKA_SUBMISSIONS_TOPIC": SUBMISSIONS,
        "SATELLITE_KAFKA_API_KEY": key,
    }

    def send(first: int) -> None:
        for partition in range(PARTITIONS):
            values = [job(n) for n in range(first, first + RECORDS) if n % PARTITIONS == partition]
            kafka.send(SUBMISSIONS, values, partition=partition)

    send(0)
    process.start()
    await until(lambda: _are_there(engine, 1))
    process.kill()
    send(RECORDS)
    process.start()
    await until(lambda: _are_there(engine, RECORDS + 1))
    database = engine.url.database
    execute(postgres_server, f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    execute(
        postgres_server,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
    )
    send(2 * RECORDS)
    await asyncio.sleep(KEPT_AFTER_S)
    kafka.kill()
    execute(postgres_server, f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    kafka.start()
    await until(lambda: _are_there(engine, 3 * RECORDS))

    found = await numbers(engine)
    assert sorted(found) == list(range(3 * RECORDS))
    for partition in range(PARTITIONS):
        of_partition = [n for n in found if n % PARTITIONS == partition]
        assert of_partition == sorted(of_partition)
    assert kafka.read(SUBMISSIONS)  # They stay where they were.


@asynccontextmanager
async def ingesting(parts: Parts, key: str) -> AsyncIterator[None]:
    """Submit what is in the topic until the block ends."""
    settings = KafkaSettings(submissions_topic=SUBMISSIONS, api_key=SecretStr(key))
    options = settings.client_options()
    async with open_door(parts, SecretStr(key)) as door:
        ingestion = Ingestion(
            RecordConsumer(options, topic=SUBMISSIONS, group_id=settings.group_id),
            door=door,
            dead_letters=DeadLetters(RecordProducer(options), topic=str(settings.dead_letters)),
            standing=Standing(parts.life),
        )
        async with beside(ingestion.run()):
            yield


BAD = {
    "no JSON": (b"{", "request_malformed"),
    "no value": (None, "request_malformed"),
    "no object": (b"[]", "request_malformed"),
    "a NUL": (rb'{"plugin_name": "adder", "input_data": "\u0000"}', "request_malformed"),
    "too deep": (job(0, input_data=json.loads("[" * 129 + "]" * 129)), "request_malformed"),
    "unknown field": (job(0, colour="blue"), "request_malformed"),
    "no plugin": (job(0, plugin_name="nobody"), "plugin_not_found"),
    "no such input": (job(0, input_data={"n": "one"}), "input_invalid"),
    "no model": (b'{"model_name": "nobody", "data": [1]}', "model_not_found"),
}


async def test_bad_records_are_set_aside_with_the_reason_and_stop_nobody(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    kafka.make(SUBMISSIONS, DEAD_LETTERS)
    kafka.send(SUBMISSIONS, [job(1)])
    for value, _ in BAD.values():
        kafka.send(SUBMISSIONS, [value], key=b"a key", headers=[("origin", b"a test")])
    kafka.send(SUBMISSIONS, [job(2)])
    async with ingesting(parts, (await make_key(user))["key"]):
        await until(lambda: _are_there(engine, 2))

    assert await numbers(engine) == [1, 2]
    letters = kafka.read(DEAD_LETTERS)
    assert [(each.key(), each.value()) for each in letters] == [
        (b"a key", value) for value, _ in BAD.values()
    ]
    for offset, (letter, (_, code)) in enumerate(zip(letters, BAD.values(), strict=True), start=1):
        headers = dict(letter.headers() or ())
        problem = json.loads(headers["satellite-problem"])
        assert (problem["code"], headers["origin"]) == (code, b"a test"), problem
        assert headers["satellite-source"].decode() == f"{SUBMISSIONS}/0/{offset}"
    problems = [json.loads(dict(each.headers() or ())["satellite-problem"]) for each in letters]
    assert problems[list(BAD).index("no such input")]["errors"][0]["pointer"] == "/input_data/n"


async def test_a_job_is_the_accounts_whose_key_it_is_and_its_key_is_its_place(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    kafka.make(SUBMISSIONS)
    kafka.send(SUBMISSIONS, [job(1, priority=5)])
    key = await make_key(user, plugins=["adder"])
    async with ingesting(parts, key["key"]):
        await until(lambda: _are_there(engine, 1))

    (job_id,) = [each["id"] for each in (await user.get("/jobs")).json()["items"]]
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id})).one()
        used = await connection.scalar(text("SELECT last_used_at FROM api_keys"))
    assert (row.idempotency_key, row.priority) == (f"{SUBMISSIONS}/0/0", 5)
    assert used is not None


async def test_a_key_for_other_plugins_sets_aside(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    answer = await user.post("/plugins", json=MANIFEST | {"name": "other"})
    assert answer.status_code == 201
    kafka.make(SUBMISSIONS, DEAD_LETTERS)
    kafka.send(SUBMISSIONS, [job(1), job(2, plugin_name="other")])
    key = await make_key(user, plugins=["other"])
    async with ingesting(parts, key["key"]):
        await until(lambda: _are_there(engine, 1))

    assert await numbers(engine) == [2]
    (letter,) = kafka.read(DEAD_LETTERS)
    assert json.loads(dict(letter.headers() or ())["satellite-problem"])["code"] == "key_too_narrow"


@pytest.mark.parametrize("limit", ["max_queued", "submissions_per_minute"])
async def test_beyond_a_limit_records_wait(
    limit: str,
    kafka: KafkaBroker,
    parts: Parts,
    admin: httpx.AsyncClient,
    user: httpx.AsyncClient,
) -> None:
    me = (await user.get("/users/me")).json()["id"]
    kafka.make(SUBMISSIONS, DEAD_LETTERS)
    kafka.send(SUBMISSIONS, [job(n) for n in range(10)])
    assert (await admin.put(f"/users/{me}/limits", json={limit: 3})).status_code == 200
    async with ingesting(parts, (await make_key(user))["key"]):
        await until(lambda: _refuses(parts))
        assert await numbers(parts.engine) == [0, 1, 2]
        assert (await admin.put(f"/users/{me}/limits", json={limit: 1_000_000})).status_code == 200
        await until(lambda: _are_there(parts.engine, 10))

    assert await numbers(parts.engine) == list(range(10))
    assert kafka.read(DEAD_LETTERS) == []


async def _refuses(parts: Parts) -> bool:
    return parts.life.refusal() is not None


async def test_while_the_key_is_refused_records_wait(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    kafka.make(SUBMISSIONS, DEAD_LETTERS)
    kafka.send(SUBMISSIONS, [job(1)])
    key = await make_key(user)
    assert (await user.delete(f"/api-keys/{key['id']}")).status_code == 204
    async with ingesting(parts, key["key"]):
        await until(lambda: _refuses(parts))
        assert "SATELLITE_KAFKA_API_KEY" in (parts.life.refusal() or "")
    assert kafka.read(DEAD_LETTERS) == []
    async with ingesting(parts, (await make_key(user))["key"]):
        await until(lambda: _are_there(engine, 1))


async def test_a_topic_that_is_not_there_is_waited_for(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    async with ingesting(parts, (await make_key(user))["key"]):
        await until(lambda: _refuses(parts))
        assert SUBMISSIONS in (parts.life.refusal() or "")
        kafka.make(SUBMISSIONS)
        kafka.send(SUBMISSIONS, [job(1)])
        await until(lambda: _are_there(engine, 1))


async def test_two_that_read_at_once_submit_each_record_once(
    engine: AsyncEngine, kafka: KafkaBroker, parts: Parts, user: httpx.AsyncClient
) -> None:
    """One takes the other's place in the group, as after a leadership that was lost unnoticed."""
    kafka.make(SUBMISSIONS)
    key = (await make_key(user))["key"]
    kafka.send(SUBMISSIONS, [job(n) for n in range(20)])
    async with ingesting(parts, key):
        await until(lambda: _are_there(engine, 1))
        async with ingesting(parts, key):
            kafka.send(SUBMISSIONS, [job(n) for n in range(20, 40)])
            await until(lambda: _are_there(engine, 40))
        kafka.send(SUBMISSIONS, [job(40)])
        await until(lambda: _are_there(engine, 41))

    assert await numbers(engine) == list(range(41))
