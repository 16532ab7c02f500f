"""The begin of a run: its row and those of its tasks, and a reason to look at it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import (
    NewEvent,
    Subject,
    insert_events,
    status_event,
)
from operation_server.workflows.transitions.versions import DeployedVersion
from operation_server.workflows.transitions.wake import wake_runs
from satellite.contracts.event import EventSubject, StreamEntry
from satellite.contracts.identity import JobKey
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import RunTrigger

INSERT: Final = text("""
    WITH begun AS (
        INSERT INTO workflow_runs (
            workflow_id, version_id, owner_id, trigger, params, priority, logical_date, data_interval_start,
            data_interval_end, concurrency_key, deadline_at, tasks_left, restarted_from, parent_run_id,
            idempotency_key, request_digest
        )
        VALUES (
            :workflow_id, :version_id, :owner_id, :trigger, CAST(:params AS json), :priority,
            coalesce(:logical_date, now()), coalesce(:interval_start, :logical_date, now()),
            coalesce(:interval_end, :logical_date, now()), :concurrency_key,
            now() + :deadline_s * interval '1 second', :tasks_left, :restarted_from, :parent_run_id,
            :idempotency_key, :request_digest
        )
        RETURNING id, uid, created_at
    ), tasks AS (
        INSERT INTO run_tasks (run_id, task, upstream_left, max_parallel)
        SELECT begun.id, t.task, t.upstream_left, t.max_parallel
        FROM begun CROSS JOIN json_to_recordset(CAST(:tasks AS json))
            AS t(task text, upstream_left bigint, max_parallel bigint)
    )
    SELECT id, uid, created_at FROM begun
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that may begin; `params` are those of the version with what was stated over them."""

    version: DeployedVersion
    owner_id: int
    trigger: RunTrigger
    params: dict[str, Any]
    priority: int
    logical_date: datetime | None = None
    """The moment that it is for; now unless it is known better."""
    data_interval: tuple[datetime, datetime] | None = None
    concurrency_key: str | None = None
    restarted_from: int | None = None
    parent_run_id: int | None = None
    idempotency_key: str | None = None
    request_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunRun:
    """What names a run that was begun, and what to publish after the commit."""

    key: JobKey
    created_at: datetime
    entries: list[StreamEntry]


def begin_run(connection: Connection, new: NewRun) -> BegunRun:
    """Store a run, which is looked at right after the commit.

    Raises:
        IntegrityError: the idempotency key of the same owner is taken.
    """
    version, settings = new.version, new.version.definition.settings
    start, end = new.data_interval or (None, None)
    row = connection.execute(
        INSERT,
        {
            "workflow_id": version.workflow_id,
            "version_id": version.id,
            "owner_id": new.owner_id,
            "trigger": new.trigger,
            "params": orjson.dumps(new.params).decode(),
            "priority": new.priority,
            "logical_date": new.logical_date,
            "interval_start": start,
            "interval_end": end,
            "concurrency_key": new.concurrency_key,
            "deadline_s": settings.deadline_s,
            "tasks_left": len(version.graph.tasks),
            "restarted_from": new.restarted_from,
            "parent_run_id": new.parent_run_id,
            "idempotency_key": new.idempotency_key,
            "request_digest": new.request_digest,
            "tasks": _tasks(version),
        },
    ).one()
    wake_runs(connection, [row.id])
    subject = Subject(row.id, row.uid, new.owner_id, EventSubject.RUN)
    events: list[NewEvent] = [status_event(subject, JobStatus.QUEUED, 0)]
    entries = insert_events(connection, events)
    return BegunRun(key=JobKey(row.id, row.uid), created_at=row.created_at, entries=entries)


def _tasks(version: DeployedVersion) -> str:
    return orjson.dumps(
        [
            {
                "task": task.name,
                "upstream_left": len(version.graph.upstream(task.name)),
                "max_parallel": task.max_parallel,
            }
            for task in version.definition.tasks
        ]
    ).decode()
