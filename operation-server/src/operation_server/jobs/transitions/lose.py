"""Attempts whose worker died or went silent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from operation_server.jobs.transitions.ending import (
    EndedAttempt,
    LockedAttempt,
    Repaired,
    end_attempts,
    lock_attempts,
)
from operation_server.jobs.transitions.policy import DEFAULT_RETRY, FinishedAttempt, decide
from operation_server.jobs.transitions.timings import job_timings
from satellite.contracts.outcome import ErrorKind, JobError, OutcomeStatus


def lose_attempts(connection: Connection, lost: Sequence[tuple[int, int]]) -> Repaired:
    """Give lost attempts up: their jobs run again, or fail with kind `lost` when out of retries."""
    locked = lock_attempts(connection, lost, with_policy=[job_id for job_id, _ in lost])
    entries = end_attempts(connection, [ended_as_lost(job) for job in locked])
    return Repaired(attempts=len(locked), entries=entries)


def ended_as_lost(job: LockedAttempt, *, message: str | None = None) -> EndedAttempt:
    """Return the end of an attempt that nobody reports."""
    decision = decide(
        FinishedAttempt(
            outcome=OutcomeStatus.FAILED,
            kind=ErrorKind.LOST,
            failures=job.failures,
            max_retries=job.max_retries,
            cancel_requested=job.cancel_requested,
            retry=job.retry or DEFAULT_RETRY,
        )
    )
    worker = f"worker {job.worker}" if job.worker else "its worker"
    return EndedAttempt(
        job=job,
        decision=decision,
        outcome=OutcomeStatus.FAILED,
        worker=job.worker,
        timings=job_timings(created_at=job.created_at, dispatched_at=job.dispatched_at, completed_at=job.now),
        error=JobError(
            kind=ErrorKind.LOST,
            message=message or f"The attempt was lost: {worker} died or went silent while it ran.",
        ),
    )
