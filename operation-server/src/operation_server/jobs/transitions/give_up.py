"""Attempts that Satellite itself cannot go on with: their jobs end with the reason, and the others go on."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from operation_server.jobs.transitions.cancel import ended_as_cancelled
from operation_server.jobs.transitions.ending import EndedAttempt, LockedAttempt, end_attempts, lock_attempts
from operation_server.jobs.transitions.policy import Decision
from operation_server.jobs.transitions.timings import job_timings
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import JobError, OutcomeStatus


def give_up_attempts(connection: Connection, errors: Mapping[AttemptKey, JobError]) -> list[StreamEntry]:
    """Fail the jobs of active attempts whose outcome cannot be applied; a retry would bring it again."""
    locked = lock_attempts(connection, list(errors))
    return end_attempts(connection, [_given_up(job, errors[job.key]) for job in locked])


def _given_up(job: LockedAttempt, error: JobError) -> EndedAttempt:
    if job.cancel_requested:
        return ended_as_cancelled(job)
    return EndedAttempt(
        job=job,
        decision=Decision(status=JobStatus.FAILED, rule="give_up", counts_as_failure=True),
        outcome=OutcomeStatus.FAILED,
        worker=job.worker,
        error=error,
        timings=job_timings(created_at=job.created_at, dispatched_at=job.dispatched_at, completed_at=job.now),
    )
