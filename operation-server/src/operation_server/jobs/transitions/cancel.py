"""Cancellation: a fact in PostgreSQL first; a job that a worker may hold ends once it let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.ending import (
    EndedAttempt,
    LockedAttempt,
    Repaired,
    end_attempts,
    lock_attempts,
)
from operation_server.jobs.transitions.events import insert_events, result_event, status_event, subject_of
from operation_server.jobs.transitions.policy import Decision
from operation_server.jobs.transitions.step_ends import end_steps
from operation_server.jobs.transitions.timings import NEVER_DISPATCHED, job_timings
from operation_server.models.job_states import ACTIVE, WAITING, is_waiting
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import AttemptKey, JobKey
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import OutcomeStatus

LOCK = text("""
    SELECT id, uid, status, dispatched_at, cancel_requested_at FROM jobs
    WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")

# A job that no worker was told of ends at once.
CANCEL_WAITING = text(f"""
    UPDATE jobs SET status = 'cancelled', completed_at = now(), cancel_requested_at = now(), worker = NULL,
                    error = NULL, error_fingerprint = NULL, timings = {NEVER_DISPATCHED}
    WHERE id = ANY(CAST(:ids AS bigint[])) AND {WAITING}
    RETURNING id, uid, owner_id, attempt, run_id
""")  # noqa: S608 - only constants of this program go in.

MARK_CANCELLING = text(f"""
    UPDATE jobs SET cancel_requested_at = now()
    WHERE id = ANY(CAST(:ids AS bigint[])) AND cancel_requested_at IS NULL
      AND {ACTIVE}
    RETURNING id, uid, owner_id, attempt, status
""")  # noqa: S608 - only constants of this program go in.


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """What a request to cancel led to, by job id; unknown ids are in none of the lists."""

    cancelled: list[int] = field(default_factory=list)
    """Jobs that were waiting: they have ended."""
    cancelling: list[JobKey] = field(default_factory=list)
    """Jobs that a worker may hold: send the cancel signal after the commit."""
    already_finished: list[int] = field(default_factory=list)
    entries: list[StreamEntry] = field(default_factory=list)


def request_cancel(connection: Connection, job_ids: Sequence[int]) -> CancelRequested:
    """Record that jobs shall not run (any more); asking twice changes nothing."""
    locked = (connection.execute(LOCK, {"ids": list(job_ids)})).all()
    finished = [row.id for row in locked if JobStatus(row.status).is_terminal]
    waiting = [row.id for row in locked if is_waiting(row)]
    held = [JobKey(row.id, row.uid) for row in locked if row.id not in {*finished, *waiting}]
    ended = _run(connection, CANCEL_WAITING, waiting)
    end_steps(connection, [(row.id, JobStatus.CANCELLED) for row in ended if row.run_id is not None])
    marked = _run(connection, MARK_CANCELLING, [job.job_id for job in held])
    events = [
        event
        for row in ended
        for event in (
            status_event(subject_of(row), JobStatus.CANCELLED, row.attempt),
            result_event(subject_of(row), JobStatus.CANCELLED, row.attempt),
        )
    ]
    events += [
        status_event(subject_of(row), JobStatus(row.status), row.attempt, cancelling=True) for row in marked
    ]
    entries = insert_events(connection, events)
    return CancelRequested(cancelled=waiting, cancelling=held, already_finished=finished, entries=entries)


def _run(connection: Connection, statement: Any, ids: list[int]) -> Sequence[Row[Any]]:
    if not ids:
        return []
    return sorted((connection.execute(statement, {"ids": ids})).all(), key=lambda row: int(row.id))


def confirm_cancelled(connection: Connection, attempts: Sequence[AttemptKey]) -> Repaired:
    """End attempts whose cancel was requested and which no worker holds."""
    requested = [job for job in lock_attempts(connection, attempts) if job.cancel_requested]
    entries = end_attempts(connection, [ended_as_cancelled(job) for job in requested])
    return Repaired.of(requested, entries)


def ended_as_cancelled(job: LockedAttempt) -> EndedAttempt:
    """Return the end of an attempt that was asked to stop and that nobody reports."""
    return EndedAttempt(
        job=job,
        decision=Decision(status=JobStatus.CANCELLED, rule="confirm_cancel"),
        outcome=OutcomeStatus.CANCELLED,
        worker=job.worker,
        timings=job_timings(created_at=job.created_at, dispatched_at=job.dispatched_at, completed_at=job.now),
    )
