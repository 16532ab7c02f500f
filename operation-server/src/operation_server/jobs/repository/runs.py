"""Runs of workflows as answers about jobs show them. What changes runs is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.jobs.schemas.run import RunRead

_TASKS: Final = """
    (SELECT json_agg(json_build_object(
        'name', t.task, 'status', t.status, 'reason', t.reason,
        'job_id', (SELECT coalesce(s.job_id, s.reused_from) FROM run_steps AS s
                   WHERE s.run_id = t.run_id AND s.task = t.task AND s.map_index = -1),
        'steps', json_build_object(
            'total', t.steps_total, 'completed', t.steps_completed, 'failed', t.steps_failed
        ),
        'started_at', t.started_at, 'ended_at', t.ended_at
    ) ORDER BY o.place)
    FROM json_array_elements(v.definition -> 'tasks') WITH ORDINALITY AS o(task, place)
    JOIN run_tasks AS t ON t.run_id = r.id AND t.task = o.task ->> 'name')
"""
_MADE: Final[Mapping[str, str]] = {
    "kind": "'run'",
    "workflow_name": "v.definition ->> 'name'",
    "version": "v.version",
    "cancelling": "r.completed_at IS NULL AND r.cancel_requested_at IS NOT NULL",
    "error_message": "r.error ->> 'message'",
}


def _document(tasks: str) -> str:
    made = {**_MADE, "tasks": tasks}
    fields = [f"'{name}', {made.get(name, f'r.{name}')}" for name in RunRead.model_fields]
    return f"json_build_object({', '.join(fields)})::text"


_OF_WORKFLOW: Final = "'a workflow' AS plugin_name"
"""What an API key that is for some plugins only is not for."""
FROM_RUNS: Final = "workflow_runs AS r JOIN workflow_versions AS v ON v.id = r.version_id"
LISTED_RUN: Final = _document("NULL")
"""What lists have of a run, which is all but its tasks."""
FIND: Final = text(f"""
    SELECT r.id, r.owner_id, {_OF_WORKFLOW}, r.status, {_document(_TASKS)} AS document
    FROM {FROM_RUNS} WHERE r.id = :id
""")  # noqa: S608 - only constants of this module go in.
HEAD: Final = text(f"""
    SELECT id, uid, owner_id, {_OF_WORKFLOW}, workflow_id, status, created_at FROM workflow_runs
    WHERE id = :id
""")  # noqa: S608 - only a constant of this module goes in.
AROUND: Final = text("""
    SELECT r.id, r.owner_id, 'a workflow' AS plugin_name, r.status, r.cancel_requested_at, r.error,
           r.concurrency_key, r.steps_open, r.steps_waiting, r.steps_ready,
           coalesce(v.definition -> 'settings', '{}') AS settings,
           (SELECT o.id FROM workflow_runs AS o WHERE o.workflow_id = r.workflow_id AND o.id <> r.id
              AND o.concurrency_key = r.concurrency_key
              AND (o.status = 'processing' OR (o.status = 'queued' AND o.id < r.id))
            ORDER BY o.id LIMIT 1) AS holder,
           (SELECT count(*) FROM workflow_runs AS o WHERE o.workflow_id = r.workflow_id
              AND o.status = 'processing') AS active,
           (SELECT count(*) FROM workflow_runs AS o WHERE o.workflow_id = r.workflow_id
              AND o.status = 'queued' AND o.id < r.id) AS ahead,
           (SELECT array_agg(s.task ORDER BY s.task) FROM run_steps AS s
            WHERE s.run_id = r.id AND s.status = 'waiting') AS waiting,
           (SELECT min(s.due_at) FROM run_steps AS s
            WHERE s.run_id = r.id AND s.status = 'waiting') AS due_at,
           (SELECT json_agg(json_build_object('task', s.task, 'job_id', s.job_id, 'status', s.status))
            FROM (SELECT s.task, s.job_id, coalesce(j.status, 'a run') AS status
                  FROM run_steps AS s LEFT JOIN jobs AS j ON j.id = s.job_id
                  WHERE s.run_id = r.id AND s.status = 'submitted' ORDER BY s.id LIMIT 5) AS s) AS jobs
    FROM workflow_runs AS r JOIN workflow_versions AS v ON v.id = r.version_id
    WHERE r.id = :id
""")
STEP_LOGS: Final = text("""
    SELECT s.task, s.map_index, s.job_id, l.attempt, l.text_zlib,
           (SELECT uid FROM jobs WHERE id = s.job_id) AS uid, coalesce(s.ended_at, s.created_at) AS ended_at
    FROM run_steps AS s CROSS JOIN LATERAL (
        SELECT attempt, text_zlib FROM job_logs WHERE job_id = s.job_id ORDER BY attempt DESC LIMIT 1
    ) AS l
    WHERE s.run_id = :run_id ORDER BY s.ended_at NULLS LAST, s.id LIMIT :limit
""")
STEP_JOBS: Final = text("""
    SELECT job_id, task, map_index FROM run_steps WHERE run_id = :run_id AND job_id IS NOT NULL
""")
STEP_OF: Final = text("""
    SELECT task, map_index FROM run_steps WHERE run_id = :run_id AND job_id = :job_id
""")
HAS_ENDED: Final = text("SELECT status NOT IN ('queued', 'processing') FROM workflow_runs WHERE id = :run_id")
RESULT_EVENT: Final = text("""
    SELECT id, subject, CAST(data AS text) AS data, at FROM job_events
    WHERE job_id = :run_id AND type = 'result' ORDER BY id DESC LIMIT 1
""")
STEP: Final = text("""
    SELECT coalesce(job_id, reused_from) AS job_id, status FROM run_steps
    WHERE run_id = :run_id AND task = :task AND map_index = :at
""")


async def find_run(connection: AsyncConnection, run_id: int) -> AnyRow | None:
    """Return a run as a document, with its tasks, or None."""
    return (await connection.execute(FIND, {"id": run_id})).one_or_none()


async def find_run_head(connection: AsyncConnection, run_id: int) -> AnyRow | None:
    """Return a run's uid, owner, workflow and status, or None."""
    return (await connection.execute(HEAD, {"id": run_id})).one_or_none()


async def find_run_around(connection: AsyncConnection, run_id: int) -> AnyRow | None:
    """Return what tells why a run is where it is, or None."""
    return (await connection.execute(AROUND, {"id": run_id})).one_or_none()


async def list_step_logs(connection: AsyncConnection, run_id: int, *, limit: int) -> Sequence[AnyRow]:
    """Return the newest logs of a run's steps, in the order in which these ended."""
    return (await connection.execute(STEP_LOGS, {"run_id": run_id, "limit": limit})).all()


async def list_step_jobs(connection: AsyncConnection, run_id: int) -> Sequence[AnyRow]:
    """Return the jobs of a run's steps, each with its task."""
    return (await connection.execute(STEP_JOBS, {"run_id": run_id})).all()


async def find_step_of(connection: AsyncConnection, run_id: int, job_id: int) -> AnyRow | None:
    """Return the step of a run that has a job, or None."""
    return (await connection.execute(STEP_OF, {"run_id": run_id, "job_id": job_id})).one_or_none()


async def has_ended(connection: AsyncConnection, run_id: int) -> bool:
    """Tell whether a run has ended."""
    return bool((await connection.execute(HAS_ENDED, {"run_id": run_id})).scalar_one())


async def find_result_event(connection: AsyncConnection, run_id: int) -> AnyRow:
    """Return the event by which the end of a run was told."""
    return (await connection.execute(RESULT_EVENT, {"run_id": run_id})).one()


async def find_step(connection: AsyncConnection, run_id: int, task: str, *, map_index: int) -> AnyRow | None:
    """Return the job and the status of a step, or None."""
    return (await connection.execute(STEP, {"run_id": run_id, "task": task, "at": map_index})).one_or_none()
