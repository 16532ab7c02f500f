"""All SQL that reads what hangs on runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models.pushed_values import FILES, STEPS_AND_JOBS, TASK_OF_RUN, VALUES

FIND_BY_KEY: Final = text("""
    SELECT id, uid, request_digest FROM workflow_runs
    WHERE owner_id = :owner_id AND idempotency_key = :key
""")
VERSION_OF: Final = text("SELECT version_id FROM workflow_runs WHERE id = :run_id")
DEPLOYED: Final = text("""
    SELECT v.id FROM workflow_versions AS v WHERE v.workflow_id = :workflow_id AND v.version = :version
""")
BEGUN: Final = text("""
    SELECT id, workflow_id, version_id, params, priority, logical_date, data_interval_start,
           data_interval_end, concurrency_key
    FROM workflow_runs WHERE id = :run_id
""")
NEWEST: Final = text("SELECT deployed_version FROM workflows WHERE id = :workflow_id")
TASKS: Final = text("""
    SELECT t.task, t.status, t.reason, t.steps_total, t.steps_completed, t.steps_failed, t.started_at,
           t.ended_at, coalesce(s.job_id, s.reused_from) AS job_id
    FROM run_tasks AS t LEFT JOIN run_steps AS s
      ON s.run_id = t.run_id AND s.task = t.task AND s.map_index = -1
    WHERE t.run_id = :run_id
""")
STEPS: Final = text("""
    SELECT task, NULLIF(map_index, -1) AS map_index, status, job_id, reused_from, item, error, due_at,
           created_at, ended_at, count(*) OVER () AS total
    FROM run_steps
    WHERE run_id = :run_id AND (CAST(:task AS text) IS NULL OR task = :task)
      AND (CAST(:status AS text) IS NULL OR status = :status)
    ORDER BY task, map_index OFFSET :skip LIMIT :limit
""")
XCOMS: Final = text(f"""
    SELECT s.task, NULLIF(s.map_index, -1) AS map_index, x.key, x.value, x.file
    FROM {STEPS_AND_JOBS}
    CROSS JOIN LATERAL (
        SELECT key, value, NULL AS file FROM json_each({VALUES})
        UNION ALL SELECT key, NULL, value FROM json_each({FILES})
    ) AS x
    WHERE {TASK_OF_RUN} AND (CAST(:task AS text) IS NULL OR s.task = :task)
    ORDER BY s.task, s.map_index, x.key LIMIT :limit
""")  # noqa: S608 - only constants of this program go in.


async def find_by_key(connection: AsyncConnection, owner_id: int, key: str) -> AnyRow | None:
    """Return the run that an idempotency key of an owner's stands for, or None."""
    return (await connection.execute(FIND_BY_KEY, {"owner_id": owner_id, "key": key})).one_or_none()


async def find_version_id(connection: AsyncConnection, workflow_id: int, version: int) -> int | None:
    """Return the id of a version of a workflow, or None."""
    wanted = {"workflow_id": workflow_id, "version": version}
    return (await connection.execute(DEPLOYED, wanted)).scalar_one_or_none()


async def find_version_of(connection: AsyncConnection, run_id: int) -> int:
    """Return the id of the version that a run runs."""
    version_id: int = (await connection.execute(VERSION_OF, {"run_id": run_id})).scalar_one()
    return version_id


async def find_begun(connection: AsyncConnection, run_id: int) -> AnyRow:
    """Return what a run was begun with."""
    return (await connection.execute(BEGUN, {"run_id": run_id})).one()


async def find_deployed(connection: AsyncConnection, workflow_id: int) -> int:
    """Return the number of the version of a workflow that runs now."""
    version: int = (await connection.execute(NEWEST, {"workflow_id": workflow_id})).scalar_one()
    return version


async def list_tasks(connection: AsyncConnection, run_id: int) -> dict[str, AnyRow]:
    """Return how far the tasks of a run are, by their names."""
    return {row.task: row for row in await connection.execute(TASKS, {"run_id": run_id})}


async def list_steps(
    connection: AsyncConnection, run_id: int, *, task: str | None, status: str | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """Return a page of the steps of a run, each with the number of all."""
    wanted = {"run_id": run_id, "task": task, "status": status, "skip": skip, "limit": limit}
    return (await connection.execute(STEPS, wanted)).all()


async def list_xcoms(
    connection: AsyncConnection, run_id: int, *, task: str | None, limit: int
) -> Sequence[AnyRow]:
    """Return what the steps of a run have pushed."""
    return (await connection.execute(XCOMS, {"run_id": run_id, "task": task, "limit": limit})).all()
