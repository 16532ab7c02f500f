"""Attempts that were sent to clusters: whatever dies, only the cluster says how they end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import apply_started, request_cancel
from satellite.contracts import redis_keys
from satellite.contracts.cluster_handle import folder_of, place_of_cluster
from satellite.contracts.outcome import OutcomeStatus
from satellite.contracts.task_names import cluster_queue
from satellite.testing import attempt_key_of, outcome_of, started_report_of
from tests.integration.dispatch.test_adoptions import Platform
from tests.integration.transitions.seed import dispatch, job_row, submit_one

LAB = place_of_cluster("lab")


@pytest.fixture
async def platform(engine: AsyncEngine, redis_url: str) -> AsyncIterator[Platform]:
    redis = Redis.from_url(redis_url)
    platform = Platform(engine, redis, redis_url)
    await platform.reconciler.reconcile()
    yield platform
    platform.publisher.close()
    await platform.events.aclose()
    await redis.aclose()


async def sent(platform: Platform) -> int:
    """Return a job whose attempt went to the queue of a cluster, from which somebody has taken it."""
    job_id = await submit_one(platform.engine)
    await dispatch(platform.engine)
    async with platform.engine.begin() as connection:
        query = text("UPDATE jobs SET queue = :queue WHERE id = :id")
        await connection.execute(query, {"queue": cluster_queue("lab"), "id": job_id})
    await platform.age()
    return job_id


async def test_one_of_which_nobody_has_told_is_offered_to_its_cluster_and_not_sent_again(
    platform: Platform,
) -> None:
    job_id = await sent(platform)
    await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt, row.worker) == ("processing", 1, "cluster-lab")
    await platform.age()
    await platform.reconciler.reconcile()
    (offer,) = await platform.offers(LAB)
    assert offer.handle.name == folder_of(attempt_key_of(job_id))
    assert (await job_row(platform.engine, job_id)).attempt == 1


async def test_one_that_was_begun_is_offered_for_ever(platform: Platform) -> None:
    job_id = await sent(platform)
    async with platform.engine.begin() as connection:
        await connection.run_sync(apply_started, [started_report_of(job_id)])
    platform.anew(adoption_timeout_s=1, adoptions_max=1)
    await platform.reconciler.reconcile()
    for generation in range(1, 5):
        await platform.age()
        await platform.reconciler.reconcile()
        (offer,) = await platform.offers(LAB)
        assert offer.generation == generation
        # Whoever took it has died as well.
        await platform.redis.delete(redis_keys.adoption_offers(LAB))
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt, row.losses) == ("processing", 1, 0)


async def test_one_that_is_still_in_its_queue_is_left_there(platform: Platform) -> None:
    job_id = await sent(platform)
    await platform.redis.lpush(cluster_queue("lab"), "a message")
    await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt) == ("queued", 1)
    assert not await platform.offers(LAB)


async def test_one_whose_lease_is_held_is_left_alone(platform: Platform) -> None:
    job_id = await sent(platform)
    await platform.redis.set(redis_keys.lease(attempt_key_of(job_id)), "cluster-lab")
    await platform.reconciler.reconcile()
    assert (await job_row(platform.engine, job_id)).status == "queued"


async def test_a_cancel_waits_for_the_cluster(platform: Platform) -> None:
    job_id = await sent(platform)
    async with platform.engine.begin() as connection:
        await connection.run_sync(request_cancel, [job_id])
    for _ in range(3):
        await platform.reconciler.reconcile()
        await platform.age()
    row = await job_row(platform.engine, job_id)
    assert row.status == "processing"
    (offer,) = await platform.offers(LAB)
    outcome = outcome_of(job_id, status=OutcomeStatus.CANCELLED, generation=offer.generation)
    await platform.apply(outcome)
    assert (await job_row(platform.engine, job_id)).status == "cancelled"


async def test_an_emptied_redis_makes_no_second_attempt(platform: Platform) -> None:
    job_id = await sent(platform)
    await platform.redis.flushall()
    # Once it notices, and once when the leases of those that live would be back.
    for _ in range(3):
        await platform.reconciler.reconcile()
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt) == ("processing", 1)


async def test_what_never_began_there_is_handed_back_and_sent_again(platform: Platform) -> None:
    job_id = await sent(platform)
    await platform.reconciler.reconcile()
    await platform.age()
    await platform.reconciler.reconcile()
    (offer,) = await platform.offers(LAB)
    outcome = outcome_of(job_id, status=OutcomeStatus.INTERRUPTED, generation=offer.generation)
    await platform.apply(outcome)
    await dispatch(platform.engine)
    row = await job_row(platform.engine, job_id)
    assert (row.status, row.attempt, row.losses) == ("queued", 2, 0)
