"""After a recovery from a backup another job has the number, and nothing of the first one touches it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import orjson
import pytest
from redis import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.execution.cancellation import CancellationListener
from analysis_server.execution.claim import ClaimResult, ClaimStore
from analysis_server.execution.running import RunningAttempts
from analysis_server.reporting.callback_message import CallbackMessage, outcome_message
from analysis_server.reporting.leases import LeaseKeeper
from operation_server.jobs.cancel_signal import signal_cancels
from operation_server.jobs.transitions import submit_jobs
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import Outcome
from tests.integration.dispatch.queue import add_account, register
from tests.integration.dispatch.test_reconciler import Parts, parts
from tests.integration.dispatch.test_results_consumer import Consumer, consumer
from tests.integration.transitions.seed import dispatch, job_row, new_job, outcome, submit_one

__all__ = ["consumer", "parts"]


@pytest.fixture
async def present(engine: AsyncEngine) -> AttemptKey:
    """The first attempt of a job, dispatched."""
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    async with engine.begin() as connection:
        [job] = (await connection.run_sync(submit_jobs, [new_job(owner_id, plugin_id)])).keys
    [dispatched] = await dispatch(engine)
    assert dispatched.key.job == job
    return dispatched.key


@pytest.fixture
def former(present: AttemptKey) -> AttemptKey:
    """The first attempt of the job that had the number before."""
    return present._replace(uid=uuid4())


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        yield redis


def message_of(report: Outcome, **changes: object) -> CallbackMessage:
    [[argument], kwargs, embed] = orjson.loads(outcome_message(report, callbacks=[]).body)
    fields = {name: value for name, value in (argument | changes).items() if value is not None}
    message = outcome_message(report, callbacks=[])
    return CallbackMessage(
        task=message.task, queue=message.queue, id="x", body=orjson.dumps([[fields], kwargs, embed])
    )


async def test_a_former_claim_a_cancel_and_a_newer_attempt_are_not_of_this_job(
    parts: Parts, redis: Redis, present: AttemptKey, former: AttemptKey
) -> None:
    claims = ClaimStore(redis, worker="w")
    assert claims.claim(former) is ClaimResult.WON
    await signal_cancels(parts.redis, [former.job])
    redis.set(redis_keys.newest_attempt(former.job), 9)

    assert claims.claim(present) is ClaimResult.WON
    assert claims.claim(present) is ClaimResult.DUPLICATE


async def test_a_former_lease_keeps_no_attempt_alive(
    parts: Parts, redis: Redis, present: AttemptKey, former: AttemptKey
) -> None:
    LeaseKeeper(redis, worker="w", held=lambda: [former]).renew()
    await parts.age()
    await parts.reconciler.reconcile()
    assert (await job_row(parts.engine, present.job_id)).dispatched_at is None

    assert LeaseKeeper(redis, worker="w", held=list).live_attempts() == {former}


async def test_a_cancel_stops_the_job_it_names(redis: Redis, present: AttemptKey, former: AttemptKey) -> None:
    running, stopped = RunningAttempts(), list[AttemptKey]()
    for key in (former, present):
        running.add(key)

    class Executor:
        cancel = stopped.append

    class Ledger:
        def wake(self) -> None:
            pass

    listener = CancellationListener(
        redis_url="redis://127.0.0.1:1",
        running=running,
        admission=Ledger(),
        executor=Executor(),  # type: ignore[arg-type]
    )
    redis.set(redis_keys.cancel(present.job), "1")
    listener.check_keys(redis)
    assert stopped == [present]


@pytest.mark.parametrize("is_older", [False, True])
async def test_a_former_outcome_is_stale(
    engine: AsyncEngine,
    consumer: Consumer,
    present: AttemptKey,
    former: AttemptKey,
    is_older: bool,
) -> None:
    late = outcome(former.job_id, 1, result="another user's", uid=former.uid)
    consumer.send(message_of(late, **({"uid": None} if is_older else {})))
    await consumer.work()
    assert (await job_row(engine, present.job_id)).status == "queued"

    consumer.send(message_of(outcome(present.job_id, 1, result=1, uid=present.uid)))
    await consumer.work()
    assert (await job_row(engine, present.job_id)).result == 1


async def test_what_cannot_be_read_of_a_former_job_ends_no_other(
    engine: AsyncEngine, consumer: Consumer, present: AttemptKey, former: AttemptKey
) -> None:
    consumer.send(message_of(outcome(former.job_id, 1, uid=former.uid), worker=7))
    await consumer.work()
    assert (await job_row(engine, present.job_id)).status == "queued"


async def test_a_report_is_older_ends_a_job_of_its_time(engine: AsyncEngine, consumer: Consumer) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    consumer.send(message_of(outcome(job_id, 1, result=1), uid=None))
    await consumer.work()
    assert (await job_row(engine, job_id)).result == 1
