"""What one look changes of the run itself, and its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.events import Subject, insert_events, result_event, status_event
from operation_server.jobs.transitions.step_ends import end_steps
from operation_server.workflows.plan import run_end
from operation_server.workflows.transitions.run_tasks import has_failed
from operation_server.workflows.transitions.wake import wake_queued
from satellite.contracts.event import EventSubject, StreamEntry
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow import WorkflowSettings

CHANGE: Final = text("""
    UPDATE workflow_runs SET
        status = :status, faults = 0,
        started_at = CASE WHEN :is_begun THEN coalesce(started_at, now()) ELSE started_at END,
        completed_at = CASE WHEN :is_over THEN now() END,
        tasks_left = tasks_left - :tasks_ended, steps_open = steps_open + :opened - :closed,
        steps_waiting = steps_waiting + :waiting, steps_ready = steps_ready + :ready,
        error = coalesce(error, CAST(:error AS json))
    WHERE id = :run_id
""")


@dataclass(slots=True, kw_only=True)
class RunChange:
    """What changes of a run."""

    is_begun: bool = False
    tasks_ended: int = 0
    opened: int = 0
    closed: int = 0
    waiting: int = 0
    """More of the open steps than before wait for people or time."""
    ready: int = 0
    """More steps than before wait for room."""
    error: dict[str, Any] | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    def note_error(self, task: str, error_json: str) -> None:
        """Note why a step has failed; the first one is the reason of the run."""
        error = {"task": task, **orjson.loads(error_json)}
        self.reasons.setdefault(task, str(error.get("message")))
        if self.error is None:
            self.error = error

    def reason_of(self, task: str) -> str | None:
        """Return why a task has failed, if it has."""
        return self.reasons.get(task)


def change_run(
    connection: Connection, run: Row[Any], settings: WorkflowSettings, change: RunChange
) -> tuple[JobStatus | None, list[StreamEntry]]:
    """Store what has changed; return how the run has ended, if it has, and what to publish of that."""
    ended_as = None
    if run.tasks_left == change.tasks_ended:
        is_cancelling = run.cancel_requested_at is not None
        ended_as = run_end(has_failed=has_failed(connection, run.id), is_cancelling=is_cancelling)
    connection.execute(
        CHANGE,
        {
            "run_id": run.id,
            "status": ended_as or JobStatus.PROCESSING,
            "is_begun": change.is_begun,
            "is_over": ended_as is not None,
            "tasks_ended": change.tasks_ended,
            "opened": change.opened,
            "closed": change.closed,
            "waiting": change.waiting,
            "ready": change.ready,
            "error": None if change.error is None else orjson.dumps(change.error).decode(),
        },
    )
    if _frees_a_place(run, settings, change, ended_as):
        wake_queued(connection, run.workflow_id)
    return ended_as, [] if ended_as is None else end_run(connection, run, ended_as, run.error or change.error)


def end_run(
    connection: Connection, run: Row[Any], status: JobStatus, error: dict[str, Any] | None
) -> list[StreamEntry]:
    """Tell of the end of a run, and end the step of the run that it belongs to."""
    subject = Subject(run.id, run.uid, run.owner_id, EventSubject.RUN)
    told = error if status is JobStatus.FAILED else None
    entries = insert_events(
        connection,
        [status_event(subject, status, 0, error=told), result_event(subject, status, 0, error=told)],
    )
    if run.parent_run_id is not None:
        end_steps(connection, [(run.id, status)])
    return entries


def _frees_a_place(
    run: Row[Any], settings: WorkflowSettings, change: RunChange, ended_as: JobStatus | None
) -> bool:
    """Tell whether another run of the workflow may begin because of what has changed."""
    if settings.max_active_runs is None and run.concurrency_key is None:
        return False
    open_steps = run.steps_open + change.opened - change.closed
    only_waits = (
        open_steps > 0
        and open_steps == run.steps_waiting + change.waiting
        and run.steps_ready + change.ready == 0
    )
    return ended_as is not None or only_waits
