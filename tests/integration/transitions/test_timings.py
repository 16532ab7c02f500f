"""Every finished job has timings that add up to the time between its creation and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import (
    LossBudget,
    apply_outcomes,
    apply_started,
    confirm_cancelled,
    expire_waiting,
    lose_attempts,
    request_cancel,
)
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import OutcomeStatus, WorkerTimings
from satellite.contracts.phases import PHASES
from satellite.testing import attempt_key_of
from tests.integration.transitions.seed import dispatch, job_row, outcome, submit_one


async def finished(engine: AsyncEngine, job_id: int, status: str) -> Row[Any]:
    """Return a job that has ended, once its phases were added up."""
    job = await job_row(engine, job_id)
    assert job.status == status
    wall_ms = (job.completed_at - job.created_at).total_seconds() * 1000
    assert job.timings["total"] == pytest.approx(wall_ms, abs=0.001)
    assert sum(job.timings[phase] for phase in PHASES) == pytest.approx(wall_ms, abs=0.01)
    assert all(job.timings[phase] >= 0 for phase in PHASES)
    return job


async def test_cancelled_while_it_waited(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine)
    async with engine.begin() as connection:
        await connection.run_sync(request_cancel, [job_id])

    job = await finished(engine, job_id, "cancelled")
    assert (job.timings["queued"], job.timings["start"]) == (job.timings["total"], None)


async def test_expired(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine, expires_in_s=0.001)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_sleep(0.01)"))
    async with engine.begin() as connection:
        await connection.run_sync(expire_waiting)

    job = await finished(engine, job_id, "failed")
    assert job.timings["queued"] == job.timings["total"]


async def test_cancelled_and_reported_by_nobody(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    async with engine.begin() as connection:
        await connection.run_sync(request_cancel, [job_id])
    async with engine.begin() as connection:
        await connection.run_sync(confirm_cancelled, [attempt_key_of(job_id, 1)])

    job = await finished(engine, job_id, "cancelled")
    assert job.timings["dispatched"] > 0


async def test_lost_for_good(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine, max_retries=0)
    await dispatch(engine)
    async with engine.begin() as connection:
        report = StartedReport(job_id=job_id, attempt=1, worker="w1", started_at=datetime.now(UTC))
        await connection.run_sync(apply_started, [report])
    async with engine.begin() as connection:
        await connection.run_sync(lose_attempts, [attempt_key_of(job_id, 1)], losses=LossBudget(losses_max=1))

    job = await finished(engine, job_id, "failed")
    assert (job.timings["ran"], job.timings["start"]) == (0, None)


async def test_of_a_retried_job_the_earlier_attempt_is_part_of_the_queue(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    async with engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [outcome(job_id, 1, status=OutcomeStatus.INTERRUPTED)])
    first = (await job_row(engine, job_id)).timings
    await dispatch(engine)
    async with engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [outcome(job_id, 2)])

    job = await finished(engine, job_id, "completed")
    assert job.attempt == 2
    assert job.timings["queued"] > first["total"]


async def test_cancelled_between_two_attempts(engine: AsyncEngine) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    async with engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [outcome(job_id, 1, status=OutcomeStatus.INTERRUPTED)])
    async with engine.begin() as connection:
        await connection.run_sync(request_cancel, [job_id])

    await finished(engine, job_id, "cancelled")


@pytest.mark.parametrize("hours", [-30, 30])
async def test_the_clock_of_a_worker_may_be_wrong(engine: AsyncEngine, hours: int) -> None:
    job_id = await submit_one(engine)
    await dispatch(engine)
    wrong = datetime.now(UTC) + timedelta(hours=hours)
    report = outcome(
        job_id,
        1,
        started_at=wrong,
        finished_at=wrong + timedelta(hours=1),
        timings=WorkerTimings(claimed_ms=0.1, prepared_ms=0.1, ran_ms=0.5),
    )
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_sleep(0.01)"))
    async with engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [report])

    job = await finished(engine, job_id, "completed")
    assert job.timings["ran"] == 0.5
    assert job.created_at <= job.started_at <= job.completed_at
