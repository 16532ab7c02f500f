"""Cancellation of runs: nothing new begins, and what is under way is asked to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions import request_cancel
from operation_server.jobs.transitions.events import NewEvent, Subject, insert_events, status_event
from operation_server.workflows.transitions.finish import end_run
from operation_server.workflows.transitions.run_lock import lock_run
from operation_server.workflows.transitions.wake import wake_queued, wake_runs
from satellite.contracts.event import EventSubject, StreamEntry
from satellite.contracts.identity import JobKey
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind

AT_ONCE: Final = 500

MARK: Final = text("""
    UPDATE workflow_runs SET cancel_requested_at = now(), error = coalesce(error, CAST(:error AS json))
    WHERE id = :run_id
""")
END_QUEUED: Final = text("""
    WITH tasks AS (
        UPDATE run_tasks SET status = 'cancelled', ended_at = now()
        WHERE run_id = :run_id AND status = 'pending'
    )
    UPDATE workflow_runs SET status = 'cancelled', completed_at = now(), tasks_left = 0 WHERE id = :run_id
""")
# What waits for room, people or time ends at once; whoever advances the run counts it like what has begun.
END_WAITING: Final = text("""
    WITH ready AS (
        UPDATE run_steps SET status = 'cancelled', ended_at = now()
        WHERE run_id = :run_id AND status = 'ready' RETURNING task
    ), begun AS (
        UPDATE run_tasks AS t SET steps_begun = t.steps_begun + r.count
        FROM (SELECT task, count(*) AS count FROM ready GROUP BY task) AS r
        WHERE t.run_id = :run_id AND t.task = r.task
    ), run AS (
        UPDATE workflow_runs SET steps_ready = steps_ready - r.count, steps_open = steps_open + r.count
        FROM (SELECT count(*) AS count FROM ready) AS r WHERE id = :run_id
    )
    UPDATE run_steps SET status = 'cancelled', ended_at = now()
    WHERE run_id = :run_id AND status = 'waiting'
""")
UNDER_WAY: Final = text("""
    SELECT s.job_id, EXISTS (SELECT 1 FROM workflow_runs AS r WHERE r.id = s.job_id) AS is_run
    FROM run_steps AS s WHERE s.run_id = :run_id AND s.status = 'submitted' ORDER BY s.job_id
""")
OVERDUE: Final = text("""
    SELECT id FROM workflow_runs
    WHERE status IN ('queued', 'processing') AND deadline_at <= now() AND cancel_requested_at IS NULL
    ORDER BY deadline_at LIMIT :limit
""")
DEADLINE: Final[dict[str, Any]] = {
    "kind": ErrorKind.TIMEOUT,
    "message": "The run has not ended before its deadline.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    """What a request to cancel a run led to."""

    is_over: bool = False
    """It had ended before; nothing was changed."""
    cancelling: list[JobKey] = field(default_factory=list)
    """Jobs that a worker may hold: send the cancel signal after the commit."""
    entries: list[StreamEntry] = field(default_factory=list)


def cancel_run(connection: Connection, run_id: int, *, reason: dict[str, Any] | None = None) -> RunCancelled:
    """Ask a run to end; asking twice changes nothing. `reason` is an error if nobody asked for it."""
    run = lock_run(connection, run_id)
    if run is None or JobStatus(run.status).is_terminal:
        return RunCancelled(is_over=True)
    if run.cancel_requested_at is not None:
        return RunCancelled()
    error = None if reason is None else orjson.dumps(reason).decode()
    connection.execute(MARK, {"run_id": run_id, "error": error})
    if run.status == JobStatus.QUEUED and not run.steps_open and not run.steps_ready:
        connection.execute(END_QUEUED, {"run_id": run_id})
        wake_queued(connection, run.workflow_id)
        told = [] if reason is None else insert_events(connection, [_cancelling(run, reason)])
        return RunCancelled(entries=told + end_run(connection, run, JobStatus.CANCELLED, reason))
    connection.execute(END_WAITING, {"run_id": run_id})
    entries = insert_events(connection, [_cancelling(run, reason)])
    cancelling, told = _cancel_steps(connection, run_id)
    wake_runs(connection, [run_id])
    return RunCancelled(cancelling=cancelling, entries=entries + told)


def _cancelling(run: Row[Any], reason: dict[str, Any] | None) -> NewEvent:
    subject = Subject(run.id, run.uid, run.owner_id, EventSubject.RUN)
    return status_event(subject, JobStatus(run.status), 0, cancelling=True, error=reason)


def _cancel_steps(connection: Connection, run_id: int) -> tuple[list[JobKey], list[StreamEntry]]:
    rows = connection.execute(UNDER_WAY, {"run_id": run_id}).all()
    cancelling: list[JobKey] = []
    entries: list[StreamEntry] = []
    job_ids = [row.job_id for row in rows if not row.is_run]
    for start in range(0, len(job_ids), AT_ONCE):
        requested = request_cancel(connection, job_ids[start : start + AT_ONCE])
        cancelling += requested.cancelling
        entries += requested.entries
    for child_id in (row.job_id for row in rows if row.is_run):
        child = cancel_run(connection, child_id)
        cancelling += child.cancelling
        entries += child.entries
    return cancelling, entries


def find_overdue(connection: Connection, *, limit: int = AT_ONCE) -> Sequence[int]:
    """Return open runs whose deadline has passed and that nobody has cancelled."""
    return list(connection.scalars(OVERDUE, {"limit": limit}))
