"""A restart: a new run that takes over, by reference, what of an earlier one still holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import orjson
from sqlalchemy import Connection, text

from operation_server.workflows.graph import WorkflowGraph
from operation_server.workflows.transitions.begin import BegunRun, NewRun, begin_run
from satellite.contracts.workflow_run import TaskStatus

STATUSES: Final = text("SELECT task, status FROM run_tasks WHERE run_id = :run_id")
TAKE_OVER_TASKS: Final = text("""
    UPDATE run_tasks AS t SET status = o.status, reason = 'taken over from run ' || CAST(:before AS text),
        steps_total = o.steps_total, steps_begun = o.steps_begun, steps_completed = o.steps_completed,
        upstream_left = 0, started_at = o.started_at, ended_at = o.ended_at
    FROM run_tasks AS o
    WHERE t.run_id = :run_id AND o.run_id = :before AND o.task = t.task
      AND t.task = ANY(CAST(:tasks AS text[]))
""")
TAKE_OVER_STEPS: Final = text("""
    INSERT INTO run_steps (
        run_id, task, map_index, status, reused_from, item, value, is_counted, created_at, ended_at
    )
    SELECT :run_id, task, map_index, status, coalesce(reused_from, job_id), item, value, true, created_at,
           ended_at
    FROM run_steps
    WHERE run_id = :before AND task = ANY(CAST(:tasks AS text[])) AND status = 'completed'
""")
WAIT_FOR_THE_REST: Final = text("""
    UPDATE run_tasks AS t SET upstream_left = w.waits, upstream_completed = w.completed,
        upstream_skipped = w.skipped
    FROM json_to_recordset(CAST(:tasks AS json))
        AS w(task text, waits bigint, completed bigint, skipped bigint)
    WHERE t.run_id = :run_id AND t.task = w.task
""")
COUNT: Final = text("UPDATE workflow_runs SET tasks_left = :left WHERE id = :run_id")


def statuses_of(connection: Connection, run_id: int) -> dict[str, TaskStatus]:
    """Return how far the tasks of a run are, by their names."""
    rows = connection.execute(STATUSES, {"run_id": run_id})
    return {row.task: TaskStatus(row.status) for row in rows}


def restart_run(connection: Connection, new: NewRun, reused: Collection[str]) -> BegunRun:
    """Begin a run that takes the results of some tasks over from the run that it is restarted from."""
    before = new.restarted_from
    begun = begin_run(connection, new)
    run_id, graph = begun.key.job_id, new.version.graph
    over = {"run_id": run_id, "before": before, "tasks": list(reused)}
    connection.execute(TAKE_OVER_TASKS, over)
    connection.execute(TAKE_OVER_STEPS, over)
    statuses = statuses_of(connection, run_id)
    waits = [_wait(graph, name, reused, statuses) for name in graph.tasks if name not in reused]
    connection.execute(WAIT_FOR_THE_REST, {"run_id": run_id, "tasks": orjson.dumps(waits).decode()})
    connection.execute(COUNT, {"run_id": run_id, "left": len(waits)})
    return begun


def _wait(
    graph: WorkflowGraph, name: str, reused: Collection[str], statuses: dict[str, TaskStatus]
) -> dict[str, str | int]:
    before = graph.upstream(name)
    taken = [statuses[each] for each in before if each in reused]
    return {
        "task": name,
        "waits": len(before) - len(taken),
        "completed": sum(status is TaskStatus.COMPLETED for status in taken),
        "skipped": sum(status is TaskStatus.SKIPPED for status in taken),
    }
