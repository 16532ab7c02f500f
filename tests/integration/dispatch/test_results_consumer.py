"""The results consumer on real Redis and PostgreSQL: each report once, late ones counted, none lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import orjson
import psycopg
import pytest
from kombu.connection import Connection
from redis.asyncio import Redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.reporting.callback_message import CallbackMessage, outcome_message, started_message
from operation_server.dispatch import results_consumer
from operation_server.dispatch.leadership import LeadershipLost
from operation_server.dispatch.redis_results import RedisResults
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs.transitions import LossBudget, apply_outcomes
from operation_server.live.event_publisher import EventPublisher
from operation_server.rejections import repository
from satellite.contracts import redis_keys
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.task_names import APPLY_OUTCOME, RESULTS_QUEUE
from satellite.testing import attempt_key_of
from tests.integration.transitions.seed import dispatch, job_row, outcome, submit_one


class Consumer:
    """A consumer that takes what there is, when told to."""

    def __init__(
        self, engine: AsyncEngine, transactions: TransactionThread, redis: Redis, redis_url: str
    ) -> None:
        self.redis, self.redis_url = redis, redis_url
        self.events = EventPublisher(engine=engine, redis=redis)
        self.source = RedisResults(redis)
        self.consumer = ResultsConsumer(
            transactions=transactions,
            redis=redis,
            source=self.source,
            events=self.events,
            losses=LossBudget(),
            life=SignOfLife(None, "tests"),
        )

    def send(self, *messages: CallbackMessage) -> None:
        """Publish as a worker does."""
        with Connection(self.redis_url) as connection:  # type: ignore[no-untyped-call]
            producer = connection.Producer(auto_declare=False)
            for message in messages:
                producer.publish(
                    message.body,
                    routing_key=message.queue,
                    exchange="",
                    headers=message.headers,
                    content_type="application/json",
                    content_encoding="utf-8",
                )

    async def work(self) -> None:
        """Apply one batch."""
        raw = await self.source.take(100)
        await self.consumer.apply(raw, received_at_s=time.monotonic())
        await self.source.done()


@pytest.fixture
async def consumer(engine: AsyncEngine, blocking_engine: Engine, redis_url: str) -> AsyncIterator[Consumer]:
    redis = Redis.from_url(redis_url)
    transactions = TransactionThread(blocking_engine)
    consumer = Consumer(engine, transactions, redis, redis_url)
    yield consumer
    transactions.close()
    await consumer.events.aclose()
    await redis.aclose()


def message_of(report: Outcome, result_json: str = '{"n": 1}') -> CallbackMessage:
    return outcome_message(report.model_copy(update={"result_json": result_json}), callbacks=[])


async def results_of(engine: AsyncEngine, job_id: int) -> list[Any]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT data FROM job_events WHERE job_id = :id AND type = 'result'"), {"id": job_id}
        )
        return list(rows.scalars())


async def test_an_outcome_ends_the_job_and_its_lease(engine: AsyncEngine, consumer: Consumer) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    await consumer.redis.set(redis_keys.lease(attempt_key_of(job_id, 1)), "w1", ex=60)
    consumer.send(message_of(outcome(job_id, 1)))
    await consumer.work()
    row = await job_row(engine, job_id)
    assert (row.status, row.result) == ("completed", {"n": 1})
    assert not await consumer.redis.exists(redis_keys.lease(attempt_key_of(job_id, 1)))
    assert not await consumer.redis.keys(redis_keys.results_in_flight("*"))


async def test_a_second_and_a_late_outcome_are_refused_and_counted(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    consumer.send(message_of(outcome(job_id, 1)), message_of(outcome(job_id, 1), '{"n": 2}'))
    consumer.send(message_of(outcome(job_id, 7), '{"n": 3}'))
    await consumer.work()
    consumer.send(message_of(outcome(job_id, 1), '{"n": 4}'))
    await consumer.work()
    assert (await job_row(engine, job_id)).result == {"n": 1}
    assert len(await results_of(engine, job_id)) == 1
    assert int(await consumer.redis.hget(redis_keys.COUNTERS, "stale_outcomes") or 0) == 3


async def test_a_start_that_its_outcome_overtakes_changes_nothing(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    report = outcome(job_id, 1)
    started = StartedReport(job_id=job_id, attempt=1, worker="w1", started_at=report.started_at)
    consumer.send(message_of(report))
    await consumer.work()
    consumer.send(started_message(started))
    await consumer.work()
    assert (await job_row(engine, job_id)).status == "completed"


async def test_what_a_dead_consumer_had_taken_is_taken_up_again(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_ids = [await submit_one(engine) for _ in range(3)]
    await dispatch(engine)
    consumer.send(*(message_of(outcome(job_id, 1)) for job_id in job_ids))
    assert len(await consumer.source.take(100)) == 3  # and dies here
    assert await consumer.source.recover() == 3
    await consumer.work()
    assert [(await job_row(engine, job_id)).status for job_id in job_ids] == ["completed"] * 3


async def test_an_old_leader_forgets_nothing_that_the_new_one_has_taken(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_ids = [await submit_one(engine) for _ in range(2)]
    await dispatch(engine)
    first, second = (message_of(outcome(job_id, 1)) for job_id in job_ids)
    old, new = RedisResults(consumer.redis), RedisResults(consumer.redis)
    consumer.send(first)
    assert len(await old.take(100)) == 1
    # The old leader hangs, and is followed by a new one, which dies with what it has taken.
    assert await new.recover() == 1
    consumer.send(second)
    assert len(await new.take(100)) == 2
    await old.done()
    assert await consumer.source.recover() == 2
    await consumer.work()
    assert [(await job_row(engine, job_id)).status for job_id in job_ids] == ["completed"] * 2


async def test_what_an_old_leader_takes_after_its_successor_began_is_taken_up(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    await consumer.source.recover()
    consumer.send(message_of(outcome(job_id, 1)))
    assert len(await RedisResults(consumer.redis).take(100)) == 1  # and dies
    async with leading(consumer):
        await until(ended(engine, job_id))
    assert (await job_row(engine, job_id)).status == "completed"


class Leadership:
    """A leadership that is lost when the test says so."""

    holds = True


@contextlib.asynccontextmanager
async def leading(consumer: Consumer) -> AsyncIterator[None]:
    """Let the consumer work as a leader does until the block ends."""
    leadership = Leadership()
    work = asyncio.create_task(consumer.consumer.run(cast("Any", leadership)))
    try:
        yield
    finally:
        leadership.holds = False
        with contextlib.suppress(LeadershipLost):
            await work


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


def ended(engine: AsyncEngine, job_id: int) -> Callable[[], Awaitable[bool]]:
    async def has_ended() -> bool:
        return (await job_row(engine, job_id)).status in {"completed", "failed"}

    return has_ended


class Poison:
    """Messages that cannot be applied, each for another reason."""

    @staticmethod
    def unreadable(_: int) -> CallbackMessage:
        return raw(b"{")

    @staticmethod
    def of_an_unknown_task(_: int) -> CallbackMessage:
        return raw(b"[[{}], {}, {}]", task="satellite.jobs.forget")

    @staticmethod
    def cut_short(job_id: int) -> CallbackMessage:
        return raw(message_of(outcome(job_id, 1)).body[:-40])

    @staticmethod
    def without_a_worker(job_id: int) -> CallbackMessage:
        return changed(job_id, worker=None)

    @staticmethod
    def with_a_naive_clock(job_id: int) -> CallbackMessage:
        return changed(job_id, started_at="2026-01-01T00:00:00")

    @staticmethod
    def with_a_name_that_jsonb_refuses(job_id: int) -> CallbackMessage:
        return changed(job_id, worker="w\0")

    @staticmethod
    def with_a_log_that_is_none(job_id: int) -> CallbackMessage:
        return changed(job_id, log={"zlib_base64": "%", "total_bytes": 1})


def raw(body: bytes, *, task: str = APPLY_OUTCOME) -> CallbackMessage:
    return CallbackMessage(task=task, queue=RESULTS_QUEUE, id="x", body=body)


def changed(job_id: int, **fields: Any) -> CallbackMessage:
    [[argument], _, _] = orjson.loads(message_of(outcome(job_id, 1)).body)
    return raw(orjson.dumps([[argument | fields], {}, {}]))


ENDS_ITS_JOB = [
    Poison.cut_short,
    Poison.without_a_worker,
    Poison.with_a_naive_clock,
    Poison.with_a_name_that_jsonb_refuses,
    Poison.with_a_log_that_is_none,
]


async def rejected_reports(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(text("SELECT * FROM rejected_reports ORDER BY id")))


@pytest.mark.parametrize(
    "poison",
    [Poison.unreadable, Poison.of_an_unknown_task, *ENDS_ITS_JOB],
    ids=lambda poison: poison.__name__,
)
async def test_a_report_that_cannot_be_applied_is_set_aside_and_holds_up_nobody(
    engine: AsyncEngine, consumer: Consumer, poison: Callable[[int], CallbackMessage]
) -> None:
    before, bad, after = [await submit_one(engine) for _ in range(3)]
    await dispatch(engine)
    message = poison(bad)
    consumer.send(message_of(outcome(before, 1)), message, message_of(outcome(after, 1)))
    async with leading(consumer):
        await until(ended(engine, before))
        await until(ended(engine, after))
        if poison in ENDS_ITS_JOB:
            await until(ended(engine, bad))

    [kept] = await rejected_reports(engine)
    assert kept.reason
    assert (kept.task, bytes(kept.body), kept.body_bytes) == (message.task, message.body, len(message.body))
    row = await job_row(engine, bad)
    if poison in ENDS_ITS_JOB:
        assert (kept.job_id, kept.attempt) == (bad, 1)
        assert (row.status, row.error["kind"]) == ("failed", "internal")
        assert len(await results_of(engine, bad)) == 1
    else:
        assert row.status == "queued"
    assert not await consumer.redis.exists(RESULTS_QUEUE)
    assert not await consumer.redis.keys(redis_keys.results_in_flight("*"))


async def test_a_result_of_a_thousand_brackets_holds_up_nobody(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    deep, good = await submit_one(engine), await submit_one(engine)
    await dispatch(engine)
    consumer.send(message_of(outcome(deep, 1), "[" * 1_000 + "]" * 1_000), message_of(outcome(good, 1)))
    async with leading(consumer):
        await until(ended(engine, good))
        await until(ended(engine, deep))
    assert (await job_row(engine, good)).status == "completed"


async def test_a_start_that_cannot_be_applied_leaves_its_attempt_to_its_outcome(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    report = StartedReport(job_id=job_id, attempt=1, worker="w\0", started_at=outcome(job_id, 1).started_at)
    consumer.send(started_message(report))
    await consumer.work()
    assert (await job_row(engine, job_id)).status == "queued"
    consumer.send(message_of(outcome(job_id, 1)))
    await consumer.work()
    assert (await job_row(engine, job_id)).status == "completed"
    assert len(await rejected_reports(engine)) == 1


async def test_a_rejected_report_that_comes_again_is_kept_once(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    consumer.send(raw(b"{"), raw(b"["))
    messages = await cast("Any", consumer.redis.lrange(RESULTS_QUEUE, 0, -1))
    await consumer.work()
    await cast("Any", consumer.redis.rpush(RESULTS_QUEUE, *messages))
    await consumer.work()
    assert len(await rejected_reports(engine)) == 2


async def test_the_job_of_a_rejected_report_is_left_alone_when_it_has_gone_on(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    consumer.send(message_of(outcome(job_id, 1)))
    await consumer.work()
    consumer.send(Poison.without_a_worker(job_id))
    await consumer.work()
    assert (await job_row(engine, job_id)).status == "completed"


async def test_a_result_that_holds_nul_is_an_error_of_its_plugin(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    bad = await submit_one(engine)
    await dispatch(engine)
    consumer.send(message_of(outcome(bad, 1), r'"\u0000"'))
    await consumer.work()
    row = await job_row(engine, bad)
    assert (row.status, row.error["kind"]) == ("failed", "output")


async def test_an_outage_sets_nothing_aside(
    engine: AsyncEngine, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    tries = []

    def fail_at_first(*arguments: Any, **options: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, psycopg.OperationalError("the connection is lost"))
        return apply_outcomes(*arguments, **options)

    monkeypatch.setattr(results_consumer, "apply_outcomes", fail_at_first)
    consumer.send(message_of(outcome(job_id, 1)))
    async with leading(consumer):
        await until(ended(engine, job_id))
    assert (await job_row(engine, job_id)).status == "completed"
    assert await rejected_reports(engine) == []


async def test_old_and_surplus_reports_are_forgotten(blocking_engine: Engine) -> None:
    with blocking_engine.begin() as connection:
        for number in range(repository.MOST_KEPT + 3):
            assert repository.keep(
                connection,
                message=b"%d" % number,
                task=None,
                attempt=None,
                reason="it was bad",
                body=b"x" * (repository.BODY_BYTES_MAX + 1) if not number else b"",
            )
        longest = connection.execute(text("SELECT max(length(body)) FROM rejected_reports")).scalar_one()
        assert longest == repository.BODY_BYTES_MAX
        repository.prune(connection)
        count = text("SELECT count(*) FROM rejected_reports")
        assert connection.execute(count).scalar_one() == repository.MOST_KEPT
        connection.execute(text("UPDATE rejected_reports SET at = now() - interval '31 days' WHERE id > 500"))
        repository.prune(connection)
        assert connection.execute(count).scalar_one() == 500 - 3
