"""One bad row, however it came there, and the dispatcher beside it: the others go on as if it were not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch import dispatcher as dispatcher_module
from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.culprits import ASIDE_S, PutAside
from operation_server.dispatch.dispatcher import Dispatcher
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs import put_aside as notes
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.transitions import catalog
from operation_server.metrics import definitions
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.task_names import EXECUTE_QUEUE
from satellite.contracts.worker import WorkerResources
from satellite.settings.broker import BrokerSettings
from satellite.testing import heartbeat_of
from tests.integration.dispatch.queue import add_account, register, submit
from tests.integration.transitions.seed import job_row

LARGEST = 2**63 - 1


class Parts:
    """A dispatcher with a worker that has room."""

    def __init__(
        self, engine: AsyncEngine, transactions: TransactionThread, redis: Redis, redis_url: str
    ) -> None:
        self.engine, self.redis = engine, redis
        settings = DispatchSettings()
        self.publisher = JobPublisher(make_app(BrokerSettings(redis_url=redis_url)))
        self.blocking_redis = BlockingRedis.from_url(redis_url)
        self.dispatcher = Dispatcher(
            transactions=transactions,
            redis=self.blocking_redis,
            publisher=self.publisher,
            capacity=CapacityReader(redis, settings),
            settings=settings,
            life=SignOfLife(None, "tests"),
        )

    async def beat(self) -> None:
        worker = heartbeat_of(name="w", slots=100, total=WorkerResources(cpus=64, memory_mib=64_000))
        await self.redis.set(redis_keys.worker("w"), worker.model_dump_json(), ex=600)
        await cast("Any", self.redis.sadd(redis_keys.WORKERS, "w"))

    async def change(self, statement: str, **parameters: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def change_manifest(self, plugin_id: int, key: str, value: str) -> None:
        await self.change(
            "UPDATE plugins SET manifest = jsonb_set(manifest, CAST(:path AS text[]), CAST(:value AS jsonb))"
            " WHERE id = :id",
            id=plugin_id,
            path=[key],
            value=value,
        )

    async def dispatched(self, job_ids: list[int]) -> list[bool]:
        return [(await job_row(self.engine, job_id)).dispatched_at is not None for job_id in job_ids]

    async def messages(self) -> int:
        return int(await cast("Any", self.redis.llen(EXECUTE_QUEUE)))


@pytest.fixture
async def parts(engine: AsyncEngine, blocking_engine: Engine, redis_url: str) -> AsyncIterator[Parts]:
    redis = Redis.from_url(redis_url)
    transactions = TransactionThread(blocking_engine)
    parts = Parts(engine, transactions, redis, redis_url)
    await parts.beat()
    yield parts
    parts.publisher.close()
    parts.blocking_redis.close()
    transactions.close()
    await redis.aclose()


UNREADABLE = {
    "limit in words": ("max_running", '"many"'),
    "negative limit": ("max_running", "-1"),
    "limit with a fraction": ("max_running", "1.5"),
    "resources in words": ("resources", '"plenty"'),
    "cpus in words": ("resources", '{"cpus": "many"}'),
    "unknown resource": ("resources", '{"quantums": 1}'),
    "resources nested without end": ("resources", "[" * 2_000 + "]" * 2_000),
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_plugin_version_that_cannot_be_read_holds_up_no_other(
    parts: Parts, change: tuple[str, str]
) -> None:
    owner_id = await add_account(parts.engine)
    bad, good = await register(parts.engine, owner_id, "bad"), await register(parts.engine, owner_id, "good")
    under_way = await submit(parts.engine, owner_id, bad, "bad")
    await parts.change("UPDATE jobs SET attempt = 1, dispatched_at = now()")
    waiting = await submit(parts.engine, owner_id, bad, "bad", priorities=[9], count=2)
    others = await submit(parts.engine, owner_id, good, "good", count=3)
    await parts.change_manifest(bad, *change)
    before = definitions.PUT_ASIDE.labels("plugin_version")._value.get()

    assert await parts.dispatcher.dispatch() == 3
    assert await parts.dispatcher.dispatch() == 0
    assert await parts.dispatched(under_way + waiting + others) == [True, False, False, True, True, True]
    assert definitions.PUT_ASIDE.labels("plugin_version")._value.get() == before + 1


async def test_a_limit_beyond_all_numbers_of_the_database_is_no_limit(parts: Parts) -> None:
    owner_id = await add_account(parts.engine)
    huge, good = [await register(parts.engine, owner_id, name) for name in ("huge", "good")]
    jobs = await submit(parts.engine, owner_id, huge, "huge") + await submit(
        parts.engine, owner_id, good, "good"
    )
    await parts.change_manifest(huge, "max_running", str(LARGEST + 1))
    assert await parts.dispatcher.dispatch() == 2
    assert await parts.dispatched(jobs) == [True, True]


async def test_an_unreadable_version_is_tried_again(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "TRY_AGAIN_S", 0)
    owner_id = await add_account(parts.engine)
    plugin_id = await register(parts.engine, owner_id)
    [job_id] = await submit(parts.engine, owner_id, plugin_id)
    await parts.change_manifest(plugin_id, "max_running", '"many"')
    assert await parts.dispatcher.dispatch() == 0
    await parts.change_manifest(plugin_id, "max_running", "7")
    assert await parts.dispatcher.dispatch() == 1
    assert await parts.dispatched([job_id]) == [True]


class TestOneBadJob:
    """A job whose next attempt has no number, among others of its group and of others."""

    @pytest.fixture
    async def jobs(self, parts: Parts) -> list[int]:
        """The bad one first, then its neighbours, then one of another plugin."""
        owner_id = await add_account(parts.engine)
        one, another = [await register(parts.engine, owner_id, name) for name in ("one", "another")]
        [bad] = await submit(parts.engine, owner_id, one, "one", priorities=[9])
        await parts.change("UPDATE jobs SET attempt = :largest", largest=LARGEST)
        neighbours = await submit(parts.engine, owner_id, one, "one", count=2)
        return [bad, *neighbours, *await submit(parts.engine, owner_id, another, "another")]

    async def test_the_others_go_on_in_order(self, parts: Parts, jobs: list[int]) -> None:
        assert await parts.dispatcher.dispatch() == 3
        assert await parts.dispatched(jobs) == [False, True, True, True]
        assert await parts.messages() == 3
        raw = await cast("Any", parts.redis.lrange(EXECUTE_QUEUE, 0, -1))
        ids = [json.loads(message)["headers"]["id"] for message in reversed(raw)]
        assert ids == [f"job-{job_id}-1" for job_id in jobs[1:]]
        # It is left alone for a while, and costs nobody anything.
        assert await parts.dispatcher.dispatch() == 0
        assert (await job_row(parts.engine, jobs[0])).status == "queued"

    async def test_its_reason_is_noted(self, parts: Parts, jobs: list[int]) -> None:
        await parts.dispatcher.dispatch()
        row = await job_row(parts.engine, jobs[0])
        asides = AsideNotes(parts.redis)
        reason = await asides.find(job_id=row.id, plugin_id=row.plugin_id, owner_id=row.owner_id)
        assert reason is not None
        assert "out of range" in reason
        other = await job_row(parts.engine, jobs[1])
        assert not await asides.find(job_id=other.id, plugin_id=other.plugin_id, owner_id=other.owner_id)

    async def test_it_fails_after_a_few_tries(self, parts: Parts, jobs: list[int]) -> None:
        parts.dispatcher._isolation._put_aside = PutAside(for_s=0.01)
        async with asyncio.timeout(60):
            while (row := await job_row(parts.engine, jobs[0])).status == "queued":
                await parts.dispatcher.dispatch()
        assert (row.status, row.error["kind"]) == ("failed", "internal")
        assert "out of range" in row.error["message"]
        assert await parts.dispatched(jobs[1:]) == [True, True, True]


async def test_an_error_that_no_job_is_to_blame_for_is_raised(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_id = await add_account(parts.engine)
    await submit(parts.engine, owner_id, await register(parts.engine, owner_id))

    def fail(*_: Any, **__: Any) -> None:
        raise LookupError("thrown by a test")

    monkeypatch.setattr(dispatcher_module, "select_and_mark", fail)
    with pytest.raises(LookupError):
        await parts.dispatcher.dispatch()


async def test_a_group_that_fails_without_a_culprit_is_left_alone_as_a_whole(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_id = await add_account(parts.engine)
    odd, good = [await register(parts.engine, owner_id, name) for name in ("odd", "good")]
    odd_jobs = await submit(parts.engine, owner_id, odd, "odd", count=2)
    good_jobs = await submit(parts.engine, owner_id, good, "good")
    seen: list[int] = []

    def fails_in_company(job: Any) -> None:
        seen.append(job.job_id)
        if seen == odd_jobs:
            raise LookupError("thrown by a test")

    monkeypatch.setattr(parts.dispatcher._isolation, "_check", fails_in_company)
    publish = parts.publisher.publish

    def refuse_odd(jobs: Any) -> None:
        if any(job.plugin.name == "odd" for job in jobs):
            raise LookupError("thrown by a test")
        publish(jobs)

    monkeypatch.setattr(parts.publisher, "publish", refuse_odd)
    assert await parts.dispatcher.dispatch() == 1
    assert await parts.dispatched(odd_jobs + good_jobs) == [False, False, True]
    note = await parts.redis.get(redis_keys.put_aside(notes.group(odd, owner_id)))
    assert b"thrown by a test" in note


def test_a_note_outlives_the_pause_before_the_next_try() -> None:
    assert ASIDE_S < notes.NOTE_TTL_S
