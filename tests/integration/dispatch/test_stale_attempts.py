"""An attempt that is not its job's newest is not executed, wherever its message has lain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.execution.claim import ClaimResult, ClaimStore
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.jobs.transitions import apply_outcomes, confirm_cancelled, replay, request_cancel
from satellite.contracts import redis_keys
from satellite.testing import attempt_key_of
from tests.integration.dispatch.queue import add_account, register, submit
from tests.integration.dispatch.test_isolation import Parts, parts
from tests.integration.transitions.seed import job_row, outcome

__all__ = ["parts"]


@pytest.fixture
def claims(redis_url: str) -> Iterator[ClaimStore]:
    with Redis.from_url(redis_url) as redis:
        yield ClaimStore(redis, worker="w")


async def transact(engine: AsyncEngine, transition: Any, *arguments: Any) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(transition, *arguments)


@pytest.fixture
async def retried(parts: Parts) -> int:
    """A job that was dispatched, cancelled while it waited for a worker, and run again."""
    owner_id = await add_account(parts.engine)
    [job_id] = await submit(parts.engine, owner_id, await register(parts.engine, owner_id))
    assert await parts.dispatcher.dispatch() == 1
    await transact(parts.engine, request_cancel, [job_id])
    await signal_cancels(parts.redis, [attempt_key_of(job_id).job])
    await transact(parts.engine, confirm_cancelled, [attempt_key_of(job_id)])
    await transact(parts.engine, replay, [job_id])
    assert await parts.dispatcher.dispatch() == 1
    return job_id


async def test_only_the_newest_attempt_is_executed(parts: Parts, claims: ClaimStore, retried: int) -> None:
    # Both messages lie in the queue, the old one in front.
    assert await parts.messages() == 2
    assert claims.claim(attempt_key_of(retried, 1)) is ClaimResult.STALE
    assert not await parts.redis.exists(redis_keys.lease(attempt_key_of(retried, 1)))
    assert claims.claim(attempt_key_of(retried, 2)) is ClaimResult.WON
    assert claims.claim(attempt_key_of(retried, 2)) is ClaimResult.DUPLICATE
    assert claims.claim(attempt_key_of(retried, 1)) is ClaimResult.STALE


async def test_what_is_noted_goes_away_by_itself(parts: Parts, retried: int) -> None:
    left_s = await parts.redis.ttl(redis_keys.newest_attempt(attempt_key_of(retried).job))
    assert 0 < left_s <= redis_keys.NEWEST_TTL_S


async def test_a_first_attempt_costs_no_note(parts: Parts, claims: ClaimStore) -> None:
    owner_id = await add_account(parts.engine)
    [job_id] = await submit(parts.engine, owner_id, await register(parts.engine, owner_id))
    await parts.dispatcher.dispatch()
    assert not await parts.redis.exists(redis_keys.newest_attempt(attempt_key_of(job_id).job))
    assert claims.claim(attempt_key_of(job_id, 1)) is ClaimResult.WON


async def test_with_redis_emptied_the_fence_of_the_database_holds(
    parts: Parts, claims: ClaimStore, retried: int
) -> None:
    await parts.redis.flushall()
    assert claims.claim(attempt_key_of(retried, 1)) is ClaimResult.WON
    async with parts.engine.begin() as connection:
        late = await connection.run_sync(apply_outcomes, [outcome(retried, 1)])
        assert (late.stale, late.applied) == (1, [])
        assert (await connection.run_sync(apply_outcomes, [outcome(retried, 2)])).applied
    assert (await job_row(parts.engine, retried)).attempt == 2
