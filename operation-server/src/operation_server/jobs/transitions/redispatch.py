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
from satellite.contracts.job import JobStatus

MAX_REDELIVERIES = 10
"""After so many lost messages in a row the attempt counts as lost: something kills whoever receives it."""

RELEASE = text("""
    UPDATE jobs SET dispatched_at = NULL, redeliveries = redeliveries + 1
    WHERE id = ANY(CAST(:ids AS bigint[])) AND redeliveries < :limit
    RETURNING id
""")


def release_undelivered(connection: Connection, attempts: Sequence[tuple[int, int]]) -> Repaired:
    """Put never started attempts back into the queue; the next dispatch makes a new attempt of them.

    Jobs whose cancel was requested end instead: nobody runs them.
    """
    locked = lock_attempts(connection, attempts, with_policy=[job_id for job_id, _ in attempts])
    undelivered = [job for job in locked if job.status is JobStatus.QUEUED]
    wanted = [job.job_id for job in undelivered if not job.cancel_requested]
    released: set[int] = set()
    if wanted:
        rows = connection.execute(RELEASE, {"ids": wanted, "limit": MAX_REDELIVERIES})
        released = set(rows.scalars())
        notify_dispatcher(connection)
    entries = end_attempts(connection, [_ended(job) for job in undelivered if job.job_id not in released])
    return Repaired(attempts=len(undelivered), entries=entries)


def _ended(job: LockedAttempt) -> EndedAttempt:
    if job.cancel_requested:
        return ended_as_cancelled(job)
    return ended_as_lost(job, message=f"No worker started the job in {MAX_REDELIVERIES} deliveries.")
