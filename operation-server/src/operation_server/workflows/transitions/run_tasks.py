"""How far the tasks of a run are: counters, so that a step that ends costs the same in any run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.workflows.graph import WorkflowGraph
from operation_server.workflows.plan import FAILED
from satellite.contracts.workflow_run import TaskStatus

COUNT: Final = text("""
    WITH ended AS (
        UPDATE run_steps SET is_counted = true
        WHERE run_id = :run_id AND NOT is_counted AND status IN ('completed', 'failed', 'cancelled')
        RETURNING id, task, map_index, status, job_id, CAST(error AS text) AS error
    ), counted AS (
        SELECT task, count(*) FILTER (WHERE status = 'completed') AS completed,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               count(*) FILTER (WHERE status = 'cancelled') AS cancelled
        FROM ended GROUP BY task
    ), tasks AS (
        UPDATE run_tasks AS t SET steps_completed = t.steps_completed + c.completed,
            steps_failed = t.steps_failed + c.failed, steps_cancelled = t.steps_cancelled + c.cancelled
        FROM counted AS c WHERE t.run_id = :run_id AND t.task = c.task
        RETURNING t.task, t.steps_total, t.steps_begun, t.steps_completed, t.steps_failed, t.steps_cancelled
    )
    SELECT e.id, e.map_index, e.status, e.job_id, coalesce(e.error, CAST(j.error AS text)) AS error,
           t.task, t.steps_total, t.steps_begun, t.steps_completed, t.steps_failed, t.steps_cancelled
    FROM ended AS e JOIN tasks AS t ON t.task = e.task
    LEFT JOIN jobs AS j ON j.id = e.job_id AND e.status = 'failed'
    ORDER BY e.id
""")

# Both change different rows: what ends now was told of all before it already.
END_AND_SPREAD: Final = text("""
    WITH done AS (
        UPDATE run_tasks AS t SET status = e.status, reason = e.reason, ended_at = now()
        FROM json_to_recordset(CAST(:ended AS json)) AS e(task text, status text, reason text)
        WHERE t.run_id = :run_id AND t.task = e.task
    )
    UPDATE run_tasks AS t SET upstream_left = t.upstream_left - d.completed - d.failed - d.skipped,
        upstream_completed = t.upstream_completed + d.completed,
        upstream_failed = t.upstream_failed + d.failed,
        upstream_skipped = t.upstream_skipped + d.skipped
    FROM json_to_recordset(CAST(:told AS json))
        AS d(task text, completed bigint, failed bigint, skipped bigint)
    WHERE t.run_id = :run_id AND t.task = d.task
    RETURNING t.task, t.upstream_left, t.upstream_completed, t.upstream_failed, t.upstream_skipped
""")

BEGIN: Final = text("""
    UPDATE run_tasks AS t SET status = b.status, started_at = coalesce(t.started_at, now()),
        steps_total = coalesce(b.total, t.steps_total), steps_begun = t.steps_begun + b.begun
    FROM json_to_recordset(CAST(:begun AS json)) AS b(task text, status text, total bigint, begun bigint)
    WHERE t.run_id = :run_id AND t.task = b.task
""")

DROP_READY: Final = text("""
    WITH dropped AS (
        UPDATE run_steps SET status = 'cancelled', is_counted = true, ended_at = now()
        WHERE run_id = :run_id AND task = :task AND status = 'ready' RETURNING id
    )
    UPDATE run_tasks AS t SET steps_begun = t.steps_begun + d.count,
        steps_cancelled = t.steps_cancelled + d.count
    FROM (SELECT count(*) AS count FROM dropped) AS d
    WHERE t.run_id = :run_id AND t.task = :task
    RETURNING d.count AS dropped, t.steps_total, t.steps_begun, t.steps_completed, t.steps_failed,
              t.steps_cancelled
""")

UNBLOCKED: Final = text("""
    SELECT task, upstream_completed, upstream_failed, upstream_skipped
    FROM run_tasks WHERE run_id = :run_id AND status = 'pending' AND upstream_left = 0
""")

HAS_FAILED: Final = text("""
    SELECT EXISTS (SELECT 1 FROM run_tasks WHERE run_id = :run_id AND status = 'failed')
""")


class TaskEnd(NamedTuple):
    """How a task has ended, and why so."""

    status: TaskStatus
    reason: str | None = None


class TaskBegin(NamedTuple):
    """Steps of a task that begin: how many it has, if that is new, and how many of them begin now."""

    status: TaskStatus
    total: int | None
    begun: int


def list_unblocked(connection: Connection, run_id: int) -> Sequence[Row[Any]]:
    """Return the tasks of a run that wait for no other and have not begun, with how all before them ended."""
    return connection.execute(UNBLOCKED, {"run_id": run_id}).all()


def count_ended(connection: Connection, run_id: int) -> Sequence[Row[Any]]:
    """Count the steps that have ended since the last time, and return each with the counters of its task."""
    return connection.execute(COUNT, {"run_id": run_id}).all()


def end_and_spread(
    connection: Connection, run_id: int, ended: Mapping[str, TaskEnd], graph: WorkflowGraph
) -> list[Row[Any]]:
    """End tasks, and return those that waited for the last of them, with how all before them has ended."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, end in ended.items():
        for below in graph.downstream[name]:
            told[below][_counted_as(end.status)] += 1
    rows = connection.execute(
        END_AND_SPREAD,
        {
            "run_id": run_id,
            "ended": orjson.dumps(
                [{"task": name, "status": end.status, "reason": end.reason} for name, end in ended.items()]
            ).decode(),
            "told": orjson.dumps(
                [
                    {"task": name, "completed": each["completed"], "failed": each["failed"],
                     "skipped": each["skipped"]}
                    for name, each in told.items()
                ]
            ).decode(),
        },
    )  # fmt: skip
    return [row for row in rows.all() if row.upstream_left == 0]


def _counted_as(status: TaskStatus) -> str:
    if status in FAILED:
        return "failed"
    return "skipped" if status is TaskStatus.SKIPPED else "completed"


def begin_tasks(connection: Connection, run_id: int, begun: Mapping[str, TaskBegin]) -> None:
    """Note that steps of tasks have begun."""
    if begun:
        rows = [{"task": name, **each._asdict()} for name, each in begun.items()]
        connection.execute(BEGIN, {"run_id": run_id, "begun": orjson.dumps(rows).decode()})


def drop_ready(connection: Connection, run_id: int, task: str) -> Row[Any]:
    """Let no further step of a task begin, and return how many that were, with its counters."""
    return connection.execute(DROP_READY, {"run_id": run_id, "task": task}).one()


def has_failed(connection: Connection, run_id: int) -> bool:
    """Tell whether a task of a run has failed."""
    found: bool = connection.execute(HAS_FAILED, {"run_id": run_id}).scalar_one()
    return found
