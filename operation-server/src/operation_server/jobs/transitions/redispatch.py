"""Attempts that were dispatched and never started: the message is lost, the job is not."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.cancel import ended_as_cancelled
from operation_server.jobs.transitions.ending import (
    EndedAttempt,
    LockedAttempt,
    Repaired,
    end_attempts,
    lock_attempts,
)
from operation_server.jobs.transitions.events import notify_dispatcher
from operation_server.jobs.transitions.lose import ended_as_lost
from operation_server.jobs.transitions.policy import DEFAULT_LOSSES, LossBudget
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobStatus

MAX_REDELIVERIES = 10
"""After so many lost messages in a row the attempt counts as lost: something kills whoever receives it."""

RELEASE = text("""
    UPDATE jobs SET dispatched_at = NULL, redeliveries = redeliveries + 1
    WHERE id = ANY(CAST(:ids AS bigint[])) AND redeliveries < :limit
    RETURNING id
""")


def release_undelivered(
    connection: Connection, attempts: Sequence[AttemptKey], *, losses: LossBudget = DEFAULT_LOSSES
) -> Repaired:
    """Put never started attempts back into the queue; the next dispatch makes a new attempt of them.

    Jobs whose cancel was requested end instead: nobody runs them.
    """
    locked = lock_attempts(connection, attempts, with_policy=[key.job_id for key in attempts])
    undelivered = [job for job in locked if job.status is JobStatus.QUEUED]
    wanted = [job.key.job_id for job in undelivered if not job.cancel_requested]
    released: set[int] = set()
    if wanted:
        rows = connection.execute(RELEASE, {"ids": wanted, "limit": MAX_REDELIVERIES})
        released = set(rows.scalars())
        notify_dispatcher(connection)
    left = [job for job in undelivered if job.key.job_id not in released]
    entries = end_attempts(connection, [_ended(job, losses) for job in left])
    return Repaired.of(undelivered, entries)


def _ended(job: LockedAttempt, losses: LossBudget) -> EndedAttempt:
    if job.cancel_requested:
        return ended_as_cancelled(job)
    return ended_as_lost(job, losses, message=f"No worker started the job in {MAX_REDELIVERIES} deliveries.")
