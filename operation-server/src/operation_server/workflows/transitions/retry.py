"""Retry of a run: what has failed and what waited for it runs again, in the same run and version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions import replay
from operation_server.jobs.transitions.events import Subject, insert_events, status_event
from operation_server.workflows.graph import WorkflowGraph
from operation_server.workflows.plan import tasks_again
from operation_server.workflows.transitions.run_lock import lock_run
from operation_server.workflows.transitions.versions import VersionMemory
from operation_server.workflows.transitions.wake import wake_runs
from satellite.contracts.event import EventSubject, StreamEntry
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import TaskStatus

TASKS: Final = text("SELECT task, status, steps_total FROM run_tasks WHERE run_id = :run_id")
# A step whose job is a run, or that failed before it had a job, begins anew. Others are replayed: their
# attempts go on counting, and their old logs stay.
REOPEN_STEPS: Final = text("""
    WITH again AS (
        SELECT s.id, s.task, s.job_id, j.id IS NOT NULL AS is_job FROM run_steps AS s
        LEFT JOIN jobs AS j ON j.id = s.job_id
        WHERE s.run_id = :run_id AND s.status IN ('failed', 'cancelled')
    ), steps AS (
        UPDATE run_steps AS s SET status = CASE WHEN a.is_job THEN 'submitted' ELSE 'ready' END,
            job_id = CASE WHEN a.is_job THEN s.job_id END, error = NULL, value = NULL, due_at = NULL,
            is_counted = false, ended_at = NULL
        FROM again AS a WHERE s.id = a.id
    ), tasks AS (
        UPDATE run_tasks AS t SET status = 'running', reason = NULL, ended_at = NULL,
            steps_begun = t.steps_begun - a.anew, steps_failed = 0, steps_cancelled = 0
        FROM (SELECT task, count(*) FILTER (WHERE NOT is_job) AS anew FROM again GROUP BY task) AS a
        WHERE t.run_id = :run_id AND t.task = a.task
    )
    SELECT count(*) FILTER (WHERE NOT is_job) AS anew,
           coalesce(array_agg(job_id ORDER BY job_id) FILTER (WHERE is_job), '{}') AS job_ids
    FROM again
""")
REOPEN_TASKS: Final = text("""
    UPDATE run_tasks AS t SET status = 'pending', reason = NULL, started_at = NULL, ended_at = NULL,
        steps_total = NULL, steps_begun = 0, steps_completed = 0, steps_failed = 0, steps_cancelled = 0,
        upstream_left = a.waits, upstream_completed = a.completed, upstream_failed = 0,
        upstream_skipped = a.skipped
    FROM json_to_recordset(CAST(:tasks AS json))
        AS a(task text, waits bigint, completed bigint, skipped bigint)
    WHERE t.run_id = :run_id AND t.task = a.task
""")
REOPEN_RUN: Final = text("""
    UPDATE workflow_runs SET status = 'queued', completed_at = NULL, cancel_requested_at = NULL, error = NULL,
        faults = 0, deadline_at = NULL, tasks_left = :tasks_left, steps_open = :steps_open, steps_waiting = 0,
        steps_ready = :steps_ready
    WHERE id = :run_id
""")


def retry_run(connection: Connection, run_id: int, versions: VersionMemory) -> list[StreamEntry]:
    """Queue a failed or cancelled run again, and return what to publish; of one in another state nothing."""
    run = lock_run(connection, run_id)
    if run is None or run.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return []
    graph = versions.get(connection, run.version_id).graph
    rows = {row.task: row for row in connection.execute(TASKS, {"run_id": run_id})}
    again = tasks_again(graph, {name: TaskStatus(row.status) for name, row in rows.items()})
    if not again:
        return []
    steps = connection.execute(REOPEN_STEPS, {"run_id": run_id}).one()
    _reopen_tasks(connection, run_id, graph, rows, again)
    connection.execute(
        REOPEN_RUN,
        {
            "run_id": run_id,
            "tasks_left": len(again),
            "steps_open": len(steps.job_ids),
            "steps_ready": steps.anew,
        },
    )
    entries = replay(connection, steps.job_ids, of_run=True) if steps.job_ids else []
    wake_runs(connection, [run_id])
    subject = Subject(run.id, run.uid, run.owner_id, EventSubject.RUN)
    return entries + insert_events(connection, [status_event(subject, JobStatus.QUEUED, 0)])


def _reopen_tasks(
    connection: Connection,
    run_id: int,
    graph: WorkflowGraph,
    rows: Mapping[str, Row[Any]],
    again: frozenset[str],
) -> None:
    """Let tasks that have no steps wait anew for what of those before them runs again."""
    tasks = []
    for name in again:
        if rows[name].steps_total is None:
            before = [rows[each] for each in graph.upstream(name) if each not in again]
            tasks.append(
                {
                    "task": name,
                    "waits": sum(each in again for each in graph.upstream(name)),
                    "completed": sum(each.status == TaskStatus.COMPLETED for each in before),
                    "skipped": sum(each.status == TaskStatus.SKIPPED for each in before),
                }
            )
    connection.execute(REOPEN_TASKS, {"run_id": run_id, "tasks": orjson.dumps(tasks).decode()})
