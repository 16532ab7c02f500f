"""The results consumer on real Redis and PostgreSQL: each report once, late ones counted, none lost."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kombu.connection import Connection
from redis.asyncio import Redis
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.reporting.callback_message import CallbackMessage, outcome_message, started_message
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.live.event_publisher import EventPublisher
from satellite.contracts import redis_keys
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from tests.integration.transitions.seed import dispatch, job_row, outcome, submit_one


class Consumer:
    """A consumer that takes what there is, when told to."""

    def __init__(
        self, engine: AsyncEngine, transactions: TransactionThread, redis: Redis, redis_url: str
    ) -> None:
        self.redis, self.redis_url = redis, redis_url
        self.events = EventPublisher(engine=engine, redis=redis)
        self.source = ResultsSource(redis)
        self.consumer = ResultsConsumer(
            transactions=transactions, redis=redis, source=self.source, events=self.events
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
    await consumer.redis.set(redis_keys.lease(job_id, 1), "w1", ex=60)
    consumer.send(message_of(outcome(job_id, 1)))
    await consumer.work()
    row = await job_row(engine, job_id)
    assert (row.status, row.result) == ("completed", {"n": 1})
    assert not await consumer.redis.exists(redis_keys.lease(job_id, 1))
    assert not await consumer.redis.exists(redis_keys.RESULTS_IN_FLIGHT)


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


async def test_what_cannot_be_read_or_stored_holds_up_nobody(engine: AsyncEngine, consumer: Consumer) -> None:
    good, bad = await submit_one(engine), await submit_one(engine)
    await dispatch(engine)
    nonsense = CallbackMessage(
        task="satellite.jobs.apply_outcome", queue="satellite.results", id="x", body=b"{"
    )
    consumer.send(nonsense, message_of(outcome(bad, 1), r'"\u0000"'), message_of(outcome(good, 1)))
    await consumer.work()
    assert (await job_row(engine, good)).status == "completed"
    row = await job_row(engine, bad)
    assert (row.status, row.error["kind"]) == ("failed", "output")
