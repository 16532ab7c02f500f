"""All SQL that reads jobs themselves. What changes a job's state is in `transitions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.jobs.repository.documents import LISTED, WHOLE
from operation_server.jobs.repository.job_filter import JobFilter
from operation_server.models import Job
from satellite.contracts.job import JobStatus

COUNTED_AT_MOST = 1_000
"""Totals are exact up to here: to count to 10,000 took half as long as the page itself (2026-11-21)."""

_HEAD = (Job.id, Job.owner_id, Job.plugin_name, Job.status, Job.attempt)
_GET = select(*_HEAD, WHOLE).where(Job.id == any_(bindparam("job_ids", type_=ARRAY(BigInteger))))


async def find(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job as a document, or None."""
    return (await find_many(connection, [job_id]))[0]


async def find_many(connection: AsyncConnection, job_ids: Sequence[int]) -> list[AnyRow | None]:
    """Return jobs as documents in the order of their ids, None for each that does not exist."""
    rows = {row.id: row for row in await connection.execute(_GET, {"job_ids": list(job_ids)})}
    return [rows.get(job_id) for job_id in job_ids]


async def find_head(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job's uid, owner, plugin, status and attempt, and whether it needs files, or None."""
    needs_files = or_(Job.input_files.is_not(None), Job.model_version_id.is_not(None)).label("needs_files")
    query = select(*_HEAD, Job.uid, Job.run_id, needs_files).where(Job.id == job_id)
    return (await connection.execute(query)).one_or_none()


async def find_timings(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job's newest timings, or None when there is no such job."""
    query = select(*_HEAD, Job.timings).where(Job.id == job_id)
    return (await connection.execute(query)).one_or_none()


async def find_waiting(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return what tells why a job is where it is, or None."""
    columns = (
        *_HEAD,
        Job.plugin_id,
        Job.plugin_version,
        Job.error,
        Job.priority,
        Job.max_retries,
        Job.failures,
        Job.losses,
        Job.timeout_s,
        Job.worker,
        Job.run_at,
        Job.expires_at,
        Job.dispatched_at,
        Job.started_at,
        Job.completed_at,
        Job.cancel_requested_at,
    )
    return (await connection.execute(select(*columns).where(Job.id == job_id))).one_or_none()


async def list_page(
    connection: AsyncConnection,
    wanted: JobFilter,
    *,
    before_id: int | None,
    skip: int,
    limit: int,
    document: ColumnElement[Any] = LISTED,
) -> Sequence[AnyRow]:
    """Return jobs as documents, newest first, with their payloads where those are small."""
    query = select(*_HEAD, document).where(*wanted.conditions())
    if before_id is not None:
        query = query.where(Job.id < before_id)
    return (await connection.execute(query.order_by(Job.id.desc()).offset(skip).limit(limit))).all()


async def count(connection: AsyncConnection, wanted: JobFilter) -> int:
    """Return the number of jobs, at most `COUNTED_AT_MOST`."""
    some = select(Job.id).where(*wanted.conditions()).limit(COUNTED_AT_MOST).subquery()
    return await connection.scalar(select(func.count()).select_from(some)) or 0


async def find_by_keys(
    connection: AsyncConnection, owner_id: int, keys: Sequence[str]
) -> dict[str, tuple[int, str | None]]:
    """Return the job id and request digest of each idempotency key that is taken."""
    rows = await connection.execute(
        select(Job.idempotency_key, Job.id, Job.request_digest).where(
            Job.owner_id == owner_id, Job.idempotency_key.in_(keys)
        )
    )
    return {row.idempotency_key: (row.id, row.request_digest) for row in rows}


async def list_ids(
    connection: AsyncConnection,
    wanted: JobFilter,
    *,
    statuses: Sequence[JobStatus],
    after_id: int,
    limit: int,
) -> list[int]:
    """Return ids in one of `statuses`, oldest first, beyond `after_id`; for work in bulk."""
    states: BindParameter[Any] = bindparam(
        "wanted_statuses", [status.value for status in statuses], expanding=True, literal_execute=True
    )
    rows = await connection.scalars(
        select(Job.id)
        .where(*wanted.conditions(), Job.status.in_(states), Job.id > after_id)
        .order_by(Job.id)
        .limit(limit)
    )
    return list(rows)


async def group_by_plugin(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[str, list[int]]:
    """Return the ids of jobs under the names of their plugins."""
    rows = await connection.execute(
        select(Job.plugin_name, Job.id).where(Job.id.in_(job_ids)).order_by(Job.id)
    )
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.plugin_name, []).append(row.id)
    return found
