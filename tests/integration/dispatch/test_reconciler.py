"""The reconciler on real Redis and PostgreSQL: what is believed against what is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.execution.claim import ClaimResult, ClaimStore
from operation_server.cancellation import cancel
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.event_sweep import sweep_events
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.jobs.transitions import (
    DispatchedJob,
    apply_started,
    lose_attempts,
    release_undelivered,
    request_cancel,
)
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics import definitions
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.event import EventType, StreamEntry
from satellite.contracts.job import StartedReport
from satellite.contracts.task_names import EXECUTE_QUEUE, class_queue
from satellite.contracts.worker import DrainedWorkers
from satellite.settings.broker import BrokerSettings
from satellite.testing import attempt_key_of, heartbeat_of
from tests.integration.transitions.seed import dispatch, job_row, outcome, submit_one


class Parts:
    """A reconciler without patience, and what it looks at."""

    def __init__(self, engine: AsyncEngine, redis: Redis, redis_url: str) -> None:
        self.engine, self.redis = engine, redis
        self.publisher = JobPublisher(make_app(BrokerSettings(redis_url=redis_url)))
        self.events = EventPublisher(engine=engine, redis=redis)
        self.reconciler = self.reconciler_of(DispatchSettings(lease_grace_s=0, start_timeout_s=20))

    def reconciler_of(self, settings: DispatchSettings) -> Reconciler:
        return Reconciler(
            engine=self.engine,
            redis=self.redis,
            publisher=self.publisher,
            events=self.events,
            settings=settings,
        )

    async def dispatch(self, *, published: bool = True) -> list[DispatchedJob]:
        """Dispatch what waits, a minute ago by the clock of the database."""
        jobs = await dispatch(self.engine)
        if published:
            await asyncio.to_thread(self.publisher.publish, jobs)
        await self.age()
        return jobs

    async def age(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE jobs SET dispatched_at = dispatched_at - interval '1 minute',"
                    " started_at = started_at - interval '1 minute'"
                )
            )

    async def execute(self, statement: str, **parameters: Any) -> None:
        """Bring rows into a state that no transition leaves them in."""
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def start(self, job_id: int) -> None:
        report = outcome(job_id, 1)
        async with self.engine.begin() as connection:
            await connection.run_sync(
                apply_started,
                [StartedReport(job_id=job_id, attempt=1, worker="w1", started_at=report.started_at)],
            )
        await self.age()

    async def rows(self, job_ids: Sequence[int]) -> list[Any]:
        return [await job_row(self.engine, job_id) for job_id in job_ids]


@pytest.fixture
async def parts(engine: AsyncEngine, redis_url: str) -> AsyncIterator[Parts]:
    redis = Redis.from_url(redis_url)
    parts = Parts(engine, redis, redis_url)
    # The first look begins an epoch; what follows is not a loss.
    await parts.reconciler.reconcile()
    yield parts
    parts.publisher.close()
    await parts.events.aclose()
    await redis.aclose()


async def test_what_waits_in_its_queue_is_left_alone(parts: Parts) -> None:
    job_id = await submit_one(parts.engine)
    await parts.dispatch()
    await parts.reconciler.reconcile()
    row = await job_row(parts.engine, job_id)
    assert (row.attempt, row.redeliveries, row.dispatched_at is None) == (1, 0, False)


async def test_a_lost_message_is_dispatched_again(parts: Parts) -> None:
    job_id = await submit_one(parts.engine)
    await parts.dispatch(published=False)
    await parts.reconciler.reconcile()
    row = await job_row(parts.engine, job_id)
    assert (row.status, row.dispatched_at, row.redeliveries, row.failures) == ("queued", None, 1, 0)


async def test_a_message_for_a_class_that_is_gone_goes_to_others(parts: Parts) -> None:
    gone, left = class_queue("gone"), class_queue("left")
    here, there = await submit_one(parts.engine), await submit_one(parts.engine)
    for job, queue in zip(await dispatch(parts.engine), (gone, left), strict=True):
        await parts.execute("UPDATE jobs SET queue = :queue WHERE id = :id", queue=queue, id=job.job_id)
        await asyncio.to_thread(parts.publisher.publish, [replace(job, queue=queue)])
    await parts.age()
    await parts.redis.sadd(redis_keys.WORKERS, "w1")
    await parts.redis.set(redis_keys.worker("w1"), heartbeat_of(queues=[left]).model_dump_json())
    await parts.reconciler.reconcile()
    moved, waits = await parts.rows([here, there])
    assert (moved.status, moved.dispatched_at, moved.redeliveries) == ("queued", None, 1)
    assert waits.dispatched_at is not None
    assert [await parts.redis.llen(queue) for queue in (gone, left)] == [0, 1]


async def test_a_claimed_attempt_is_left_alone(parts: Parts) -> None:
    job_id = await submit_one(parts.engine)
    await parts.dispatch(published=False)
    await parts.redis.set(redis_keys.lease(attempt_key_of(job_id, 1)), "w1", ex=60)
    await parts.reconciler.reconcile()
    assert (await job_row(parts.engine, job_id)).dispatched_at is not None


async def test_an_attempt_without_a_lease_is_lost(parts: Parts) -> None:
    held, lost = await submit_one(parts.engine), await submit_one(parts.engine)
    await parts.dispatch(published=False)
    for job_id in (held, lost):
        await parts.redis.set(redis_keys.lease(attempt_key_of(job_id, 1)), "w1", ex=60)
        await parts.start(job_id)
    await parts.redis.delete(redis_keys.lease(attempt_key_of(lost, 1)))
    await parts.reconciler.reconcile()
    first, second = await parts.rows([held, lost])
    assert first.status == "processing"
    assert (second.status, second.failures, second.losses) == ("queued", 0, 1)
    assert second.dispatched_at is None


async def test_an_emptied_redis_is_noticed_by_its_epoch(parts: Parts) -> None:
    job_id = await submit_one(parts.engine)
    jobs = await dispatch(parts.engine)
    await asyncio.to_thread(parts.publisher.publish, jobs)
    async with parts.engine.begin() as connection:
        await connection.execute(text("UPDATE jobs SET dispatched_at = dispatched_at - interval '3 seconds'"))
    await parts.redis.flushall()
    await parts.reconciler.reconcile()
    row = await job_row(parts.engine, job_id)
    assert (row.dispatched_at, row.redeliveries) == (None, 1)


async def test_a_cancelled_job_nobody_holds_ends(parts: Parts) -> None:
    waiting, held = await submit_one(parts.engine), await submit_one(parts.engine)
    await parts.dispatch()
    await parts.redis.set(redis_keys.lease(attempt_key_of(held, 1)), "w1", ex=60)
    async with parts.engine.begin() as connection:
        await connection.run_sync(request_cancel, [waiting, held])
    await parts.reconciler.reconcile()
    first, second = await parts.rows([waiting, held])
    assert (first.status, second.status) == ("cancelled", "queued")
    # The message is still in the queue, but no claim gets past the key.
    assert await parts.redis.llen(EXECUTE_QUEUE) == 2
    assert (
        await parts.redis.exists(
            redis_keys.cancel(attempt_key_of(waiting).job), redis_keys.cancel(attempt_key_of(held).job)
        )
        == 2
    )


BAD_MANIFESTS = {
    "cards in words": ("{resources}", '{"gpus": "many"}'),
    "resources in words": ("{resources}", '"plenty"'),
    "retries in words": ("{retry}", '{"max_retries": "many"}'),
}


@pytest.mark.parametrize("change", BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
async def test_a_manifest_that_is_not_understood_loses_no_attempt(
    parts: Parts, change: tuple[str, str]
) -> None:
    job_id = await submit_one(parts.engine)
    await parts.dispatch(published=False)
    await parts.start(job_id)
    await parts.execute(
        "UPDATE plugins SET manifest = jsonb_set(manifest, CAST(:path AS text[]), CAST(:value AS jsonb))",
        path=change[0],
        value=change[1],
    )
    await parts.reconciler.reconcile()
    row = await job_row(parts.engine, job_id)
    assert (row.status, row.losses, row.dispatched_at) == ("queued", 1, None)


async def test_an_attempt_that_cannot_be_lost_holds_up_no_other(parts: Parts) -> None:
    jobs = [await submit_one(parts.engine) for _ in range(3)]
    await parts.dispatch(published=False)
    for job_id in jobs:
        await parts.start(job_id)
    # One more loss than there are numbers.
    await parts.execute("UPDATE jobs SET losses = 9223372036854775807 WHERE id = :id", id=jobs[1])
    before = definitions.RECONCILER_FAULTS.labels("lost")._value.get()
    for _ in range(2):
        await parts.reconciler.reconcile()
    assert [row.status for row in await parts.rows(jobs)] == ["queued", "processing", "queued"]
    assert definitions.RECONCILER_FAULTS.labels("lost")._value.get() == before + 2


async def test_a_job_that_cannot_expire_holds_up_no_other(parts: Parts) -> None:
    jobs = [await submit_one(parts.engine, expires_in_s=1) for _ in range(3)]
    await parts.execute("UPDATE jobs SET expires_at = now() - interval '1 minute'")
    await parts.execute(f"ALTER TABLE jobs ADD CHECK (id <> {jobs[1]} OR status <> 'failed')")
    await parts.reconciler._expire()
    async with parts.engine.connect() as connection:
        statuses = await connection.scalars(text("SELECT status FROM jobs ORDER BY id"))
    assert list(statuses) == ["failed", "queued", "failed"]


@pytest.mark.parametrize("change", ["type = 'nonsense'", "at = '-infinity'"])
async def test_an_event_that_cannot_be_told_holds_up_no_other(parts: Parts, change: str) -> None:
    for _ in range(3):
        await submit_one(parts.engine)
    await parts.execute("UPDATE job_events SET at = at - interval '1 minute'")
    await parts.execute(f"UPDATE job_events SET {change} WHERE id = (SELECT min(id) + 1 FROM job_events)")
    assert await sweep_events(parts.engine, parts.events) == 3
    assert await parts.redis.xlen(redis_keys.EVENTS) == 2
    assert await sweep_events(parts.engine, parts.events) == 0


async def test_an_event_that_redis_cannot_take_holds_up_no_other(parts: Parts) -> None:
    now = datetime.now(UTC)
    entries = [
        StreamEntry(
            event_id=number, job_id=1, uid=uuid4(), owner_id=1, type=EventType.STATUS, data=data, at=now
        )
        for number, data in ((1, "{}"), (2, "\ud800"), (3, "{}"))
    ]
    assert await parts.events.publish(entries)
    assert await parts.redis.xlen(redis_keys.EVENTS) == 2


async def test_work_that_fails_unforeseen_stops_no_other(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await submit_one(parts.engine)
    await parts.execute("UPDATE job_events SET at = at - interval '1 minute'")

    async def fail() -> None:
        raise LookupError("thrown by a test")

    for name in ("_expire", "reconcile", "_prune_rejected"):
        monkeypatch.setattr(parts.reconciler, name, fail)
    reconciler = parts.reconciler_of(DispatchSettings(reconcile_s=0.1))
    running = asyncio.create_task(reconciler.run())
    async with asyncio.timeout(60):
        while not await parts.redis.xlen(redis_keys.EVENTS):
            await asyncio.sleep(0.02)
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    assert (await job_row(parts.engine, job_id)).status == "queued"


async def test_what_has_moved_on_is_not_counted_as_repaired(parts: Parts) -> None:
    lost, released, gone = [await submit_one(parts.engine) for _ in range(3)]
    await parts.dispatch(published=False)
    for job_id in (lost, gone):
        await parts.start(job_id)
    counts = {what: definitions.REPAIRED.labels(what)._value.get() for what in ("lost", "undelivered")}
    repair = parts.reconciler._repair
    await repair([attempt_key_of(lost), attempt_key_of(gone, 7), attempt_key_of(999)], lose_attempts, "lost")
    await repair([attempt_key_of(released), attempt_key_of(lost)], release_undelivered, "undelivered")
    assert definitions.REPAIRED.labels("lost")._value.get() == counts["lost"] + 1
    assert definitions.REPAIRED.labels("undelivered")._value.get() == counts["undelivered"] + 1


async def test_a_released_attempt_whose_message_was_only_late_is_not_executed(
    parts: Parts, redis_url: str
) -> None:
    job_id = await submit_one(parts.engine)
    await parts.dispatch(published=False)
    await parts.reconciler.reconcile()
    assert (await job_row(parts.engine, job_id)).dispatched_at is None
    with BlockingRedis.from_url(redis_url) as redis:
        assert ClaimStore(redis, worker="w").claim(attempt_key_of(job_id, 1)) is ClaimResult.STALE
        [again] = await dispatch(parts.engine)
        assert ClaimStore(redis, worker="w").claim(attempt_key_of(job_id, again.attempt)) is ClaimResult.WON


async def test_the_settings_say_how_often_a_job_may_be_lost(parts: Parts) -> None:
    parts.reconciler = parts.reconciler_of(DispatchSettings(lease_grace_s=0, losses_max=1))
    await parts.reconciler.reconcile()
    job_id = await submit_one(parts.engine)
    await parts.dispatch(published=False)
    await parts.start(job_id)
    await parts.reconciler.reconcile()
    row = await job_row(parts.engine, job_id)
    assert (row.status, row.error["kind"]) == ("failed", "lost")


async def test_workers_are_told_who_is_drained_again_after_redis_was_emptied(parts: Parts) -> None:
    await parts.execute("INSERT INTO drained_workers (name) VALUES ('w')")
    reconciler = parts.reconciler_of(DispatchSettings(reconcile_s=0.1))
    running = asyncio.create_task(reconciler.run())
    try:
        for _ in range(2):
            async with asyncio.timeout(30):
                while (told := await parts.redis.get(redis_keys.DRAINED_WORKERS)) is None:
                    await asyncio.sleep(0.05)
            assert DrainedWorkers.model_validate_json(told).names == ["w"]
            await parts.redis.flushall()
    finally:
        await cancel(running)
