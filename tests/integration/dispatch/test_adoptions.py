"""Adoption on real Redis and PostgreSQL: who goes on with what a worker left, and whose word counts."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.execution.adoption import Adoptions, OfferBoard
from analysis_server.execution.running import RunningAttempts
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.jobs.transitions import (
    AppliedOutcomes,
    apply_outcomes,
    apply_started,
    note_handles,
    request_cancel,
)
from operation_server.live.event_publisher import EventPublisher
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.run_handle import RunHandle
from satellite.settings.broker import BrokerSettings
from satellite.testing import attempt_key_of, outcome_of, started_report_of
from tests.fixtures.servers import wait_until
from tests.integration.transitions.seed import dispatch, job_row, submit_one

PLACE = "engine@host"


def report_of(job_id: int, *, worker: str = "w1", generation: int = 0, place: str = PLACE) -> StartedReport:
    now = datetime.now(UTC)
    handle = RunHandle(
        runtime="container", place=place, name="c1", began_at=now, deadline_at=now + timedelta(minutes=10)
    )
    return started_report_of(job_id, worker=worker, generation=generation, handle=handle)


class Platform:
    """The operation server's side, and boards of as many workers as a test wants."""

    def __init__(self, engine: AsyncEngine, redis: Redis, redis_url: str, **settings: Any) -> None:
        self.engine, self.redis = engine, redis
        self.publisher = JobPublisher(make_app(BrokerSettings(redis_url=redis_url)))
        self.events = EventPublisher(engine=engine, redis=redis)
        self.settings = DispatchSettings(lease_grace_s=0, start_timeout_s=20, **settings)
        self.reconciler = self.anew()
        self._redis_url = redis_url

    def anew(self, **settings: Any) -> Reconciler:
        self.reconciler = Reconciler(
            engine=self.engine,
            redis=self.redis,
            publisher=self.publisher,
            events=self.events,
            settings=self.settings.model_copy(update=settings),
        )
        return self.reconciler

    async def orphan(self, *, place: str = PLACE) -> int:
        """Return a job whose worker has told its handle and died."""
        job_id = await submit_one(self.engine)
        await dispatch(self.engine)
        async with self.engine.begin() as connection:
            await connection.run_sync(apply_started, [started_report_of(job_id)])
        await self.note(report_of(job_id, place=place))
        await self.age()
        return job_id

    async def note(self, *reports: StartedReport) -> None:
        async with self.engine.begin() as connection:
            await connection.run_sync(note_handles, reports)

    async def apply(self, *outcomes: Outcome) -> AppliedOutcomes:
        async with self.engine.begin() as connection:
            return await connection.run_sync(apply_outcomes, outcomes)

    async def age(self) -> None:
        """Let a minute pass by the clock of the database."""
        for table, column in (
            ("jobs", "dispatched_at"),
            ("jobs", "started_at"),
            ("run_handles", "offered_at"),
        ):
            async with self.engine.begin() as connection:
                await connection.execute(
                    text(f"UPDATE {table} SET {column} = {column} - interval '61 seconds'")
                )

    async def handles(self) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM run_handles"))).scalar_one())

    async def offers(self, place: str = PLACE) -> list[AdoptionOffer]:
        stored = await self.redis.hvals(redis_keys.adoption_offers(place))
        return [AdoptionOffer.model_validate_json(each) for each in stored]

    def board(self, worker: str) -> OfferBoard:
        return OfferBoard(BlockingRedis.from_url(self._redis_url), worker=worker)

    def take(self, worker: str) -> AdoptionOffer | None:
        """Let a worker take the first offer there is."""
        board = self.board(worker)
        for offer, told in board.read(PLACE):
            if board.take(offer, told):
                return offer
        return None


@pytest.fixture
async def platform(engine: AsyncEngine, redis_url: str) -> AsyncIterator[Platform]:
    redis = Redis.from_url(redis_url)
    platform = Platform(engine, redis, redis_url)
    # The first look begins an epoch; what follows is not a loss.
    await platform.reconciler.reconcile()
    yield platform
    platform.publisher.close()
    await platform.events.aclose()
    await redis.aclose()


async def test_a_run_that_can_be_gone_on_with_is_offered_and_not_lost(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt, row.generation, row.failures) == ("processing", 1, 1, 0)
    [offer] = await platform.offers()
    assert (offer.job_id, offer.generation, offer.handle.name) == (job_id, 1, "c1")


async def test_of_many_adopters_one_wins_and_its_outcome_counts(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    with ThreadPoolExecutor(8) as threads:
        taken = [won for won in threads.map(platform.take, [f"w{n}" for n in range(2, 10)]) if won]
    [offer] = taken
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).generation == 1, (
        "it has a lease, so it is not offered again"
    )
    await platform.note(report_of(job_id, worker="w2", generation=1))
    assert (await job_row(platform.engine, job_id)).worker == "w2"
    applied = await platform.apply(outcome_of(job_id, worker="w2", generation=offer.generation))
    assert applied.applied == [attempt_key_of(job_id)]
    assert (await job_row(platform.engine, job_id)).status == "completed"


async def test_a_late_report_of_an_older_generation_counts_for_nothing(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    late = outcome_of(job_id, worker="w1", result={"from": "the dead"})
    assert (await platform.apply(late)).stale == 1
    await platform.note(report_of(job_id, worker="w9"))
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.worker) == ("processing", "w1")
    # In one batch, and before it: the newest generation counts wherever it stands.
    newest = outcome_of(job_id, worker="w2", generation=1, result={"from": "the adopter"})
    applied = await platform.apply(late, newest)
    assert (len(applied.applied), applied.stale) == (1, 1)
    assert (await job_row(platform.engine, job_id)).result == {"from": "the adopter"}


async def test_an_adopter_that_dies_as_well_is_followed_by_another(platform: Platform) -> None:
    job_id = await platform.orphan()
    for generation in range(1, platform.settings.adoptions_max + 1):
        await platform.reconciler.reconcile()
        offer = platform.take("w2")
        assert offer is not None
        assert offer.generation == generation
        await platform.note(report_of(job_id, worker="w2", generation=generation))
        await platform.redis.delete(redis_keys.lease(offer.key))
    await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt, row.dispatched_at) == ("queued", 1, None), "who kills so many is lost"
    assert not await platform.offers()
    [again] = await dispatch(platform.engine)
    assert (again.attempt, (await job_row(platform.engine, job_id)).generation) == (2, 0)


async def test_what_is_suspected_of_killing_workers_is_not_offered(platform: Platform) -> None:
    job_id = await platform.orphan()
    async with platform.engine.begin() as connection:
        await connection.execute(
            text("UPDATE jobs SET losses = :n"), {"n": platform.settings.alone_after_losses}
        )
    await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.losses) == ("queued", platform.settings.alone_after_losses + 1)
    assert not await platform.offers()


async def test_nobody_is_waited_for_longer_than_said(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.redis.set(redis_keys.adoptable(attempt_key_of(job_id)), "w1")
    await platform.reconciler.reconcile()
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).generation == 1, "the offer stands"
    await platform.age()
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).status == "queued"
    assert not await platform.offers()
    assert not await platform.redis.exists(redis_keys.adoptable(attempt_key_of(job_id)))


async def test_without_time_for_adoption_a_run_is_lost_at_once(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.anew(adoption_timeout_s=0).reconcile()
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).status == "queued"


async def test_an_offer_that_went_with_redis_is_made_again(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    await platform.redis.flushall()
    await platform.reconciler.reconcile()
    await platform.reconciler.reconcile()
    [offer] = await platform.offers()
    assert (offer.job_id, offer.generation) == (job_id, 2)


async def test_a_job_that_was_cancelled_meanwhile_is_offered_too(platform: Platform) -> None:
    job_id = await platform.orphan()
    async with platform.engine.begin() as connection:
        await connection.run_sync(request_cancel, [job_id])
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).status == "processing", "its container still runs"
    assert len(await platform.offers()) == 1
    await platform.age()
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).status == "cancelled"


async def test_only_workers_of_its_engine_see_an_offer(platform: Platform) -> None:
    await platform.orphan(place="elsewhere")
    await platform.reconciler.reconcile()
    assert platform.take("w2") is None
    assert len(await platform.offers("elsewhere")) == 1


async def test_handles_of_what_has_ended_are_forgotten(platform: Platform) -> None:
    ended, running = await platform.orphan(), await platform.orphan()
    await platform.apply(outcome_of(ended))
    await platform.reconciler._forget_handles()
    assert await platform.handles() == 1
    await platform.note(report_of(ended))
    assert await platform.handles() == 1, "a late report brings none back"
    assert (await job_row(platform.engine, running)).status == "processing"


async def test_who_goes_on_with_a_job_is_told(platform: Platform) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    for _ in range(2):
        await platform.note(report_of(job_id, worker="w2", generation=1))
    async with platform.engine.connect() as connection:
        told = await connection.execute(
            text("SELECT data FROM job_events WHERE job_id = :id ORDER BY id"), {"id": job_id}
        )
    workers = [data.get("worker") for data in told.scalars() if data["status"] == "processing"]
    assert workers == ["w1", "w2"]


class Worker:
    """The part of a worker that adopts; its runs last until they are let go."""

    def __init__(self, board: OfferBoard, *, runs_max: int = 8) -> None:
        self.running = RunningAttempts()
        self.adopted: Counter[int] = Counter()
        self.may_end = threading.Event()
        self.is_leaving = False
        self.adoptions = Adoptions(
            board=board,
            running=self.running,
            place=lambda: PLACE,
            is_leaving=lambda: self.is_leaving,
            adopt=self.adopt,
            runs_max=runs_max,
        )

    def adopt(self, offer: AdoptionOffer) -> None:
        self.running.add(offer.key, generation=offer.generation, handle=offer.handle)
        self.adopted[offer.job_id] += 1
        self.may_end.wait(60)
        self.running.release(offer.key)


@pytest.fixture
def worker(platform: Platform) -> Iterator[Worker]:
    worker = Worker(platform.board("w2"), runs_max=2)
    yield worker
    worker.may_end.set()
    worker.adoptions.wait(60)


async def test_a_worker_takes_as_many_as_it_has_slots(platform: Platform, worker: Worker) -> None:
    jobs = [await platform.orphan() for _ in range(3)]
    await platform.reconciler.reconcile()
    for _ in range(2):
        await asyncio.to_thread(worker.adoptions.look)
    await asyncio.to_thread(wait_until, lambda: len(worker.adopted) == 2)
    assert len(await platform.offers()) == 1
    worker.may_end.set()
    worker.adoptions.wait(60)
    await asyncio.to_thread(worker.adoptions.look)
    await asyncio.to_thread(wait_until, lambda: worker.adopted == Counter(jobs))


async def test_a_worker_that_leaves_takes_nothing(platform: Platform, worker: Worker) -> None:
    await platform.orphan()
    await platform.reconciler.reconcile()
    worker.is_leaving = True
    await asyncio.to_thread(worker.adoptions.look)
    assert len(await platform.offers()) == 1


async def test_a_worker_takes_back_what_it_still_runs(platform: Platform, worker: Worker) -> None:
    job_id = await platform.orphan()
    held = worker.running.add(attempt_key_of(job_id), handle=report_of(job_id).handle)
    await platform.reconciler.reconcile()
    await asyncio.to_thread(worker.adoptions.look)
    assert (held.generation, worker.adopted) == (1, Counter())
    assert not await platform.offers()
    assert await platform.redis.exists(redis_keys.lease(held.key))


async def test_an_offer_nobody_understands_stops_no_other(platform: Platform, worker: Worker) -> None:
    job_id = await platform.orphan()
    await platform.reconciler.reconcile()
    await platform.redis.hset(redis_keys.adoption_offers(PLACE), "0:0", "{}")
    await asyncio.to_thread(worker.adoptions.look)
    await asyncio.to_thread(wait_until, lambda: worker.adopted[job_id] == 1)
