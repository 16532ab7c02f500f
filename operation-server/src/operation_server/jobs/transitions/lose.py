"""Attempts whose worker died or went silent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from operation_server.jobs.transitions.ending import (
    EndedAttempt,
    LockedAttempt,
    Repaired,
    decide_for,
    end_attempts,
    lock_attempts,
)
from operation_server.jobs.transitions.policy import DEFAULT_LOSSES, Decision, LossBudget, give_up_lost_job
from operation_server.jobs.transitions.timings import job_timings
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError, OutcomeStatus


def lose_attempts(
    connection: Connection, lost: Sequence[AttemptKey], *, losses: LossBudget = DEFAULT_LOSSES
) -> Repaired:
    """Give lost attempts up: their jobs run again, or fail with kind `lost` once that was too often."""
    locked = lock_attempts(connection, lost, with_policy=[key.job_id for key in lost])
    entries = end_attempts(connection, [ended_as_lost(job, losses) for job in locked])
    return Repaired.of(locked, entries)


def ended_as_lost(job: LockedAttempt, losses: LossBudget, *, message: str | None = None) -> EndedAttempt:
    """Return the end of an attempt that nobody reports."""
    decision = decide_for(job, OutcomeStatus.FAILED, kind=ErrorKind.LOST, losses=losses)
    worker = f"worker {job.worker}" if job.worker else "its worker"
    message = message or f"The attempt was lost: {worker} died or went silent while it ran."
    return EndedAttempt(
        job=job,
        decision=decision,
        outcome=OutcomeStatus.FAILED,
        worker=job.worker,
        timings=job_timings(created_at=job.created_at, dispatched_at=job.dispatched_at, completed_at=job.now),
        error=with_reason(JobError(kind=ErrorKind.LOST, message=message), job, decision, losses),
    )


def with_reason(error: JobError, job: LockedAttempt, decision: Decision, losses: LossBudget) -> JobError:
    """Return the error of an attempt; that of a job's last loss says why no other attempt follows."""
    if decision.rule != give_up_lost_job.__name__:
        return error
    count = job.losses + 1
    alone = count - losses.alone_after
    apart = f", {alone} of them while it ran alone on its worker" if alone > 0 else ""
    message = f"{error.message} The job was lost {count} times{apart}: it seems to end whatever runs it."
    return error.model_copy(update={"message": message})
