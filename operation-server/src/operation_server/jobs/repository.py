"""All SQL that reads jobs. What changes a job's state is in `transitions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.jobs.document import LISTED, WHOLE
from operation_server.models import Job, JobAttempt, JobEvent, JobLog
from satellite.contracts.job import JobStatus

COUNTED_AT_MOST = 1_000
"""Totals are exact up to here: to count to 10,000 took half as long as the page itself (2026-11-21)."""

_HEAD = (Job.id, Job.owner_id, Job.status, Job.attempt)
_GET = select(*_HEAD, WHOLE).where(Job.id == any_(bindparam("job_ids", type_=ARRAY(BigInteger))))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are meant; None means any."""

    owner_id: int | None = None
    status: JobStatus | None = None
    plugin_name: str | None = None
    fingerprint: str | None = None
    error_kind: str | None = None
    ids: Sequence[int] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        found: list[ColumnElement[bool]] = []
        if self.owner_id is not None:
            found.append(Job.owner_id == self.owner_id)
        if self.status is not None:
            # Written out, so that the planner sees that a partial index applies.
            found.append(Job.status == bindparam("wanted_status", self.status.value, literal_execute=True))
        if self.plugin_name is not None:
            found.append(Job.plugin_name == self.plugin_name)
        if self.fingerprint is not None:
            found.append(Job.error_fingerprint == self.fingerprint)
        if self.error_kind is not None:
            found.append(Job.error["kind"].astext == self.error_kind)
        if self.ids is not None:
            found.append(Job.id.in_(self.ids))
        return found


async def find(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job as a document, or None."""
    return (await find_many(connection, [job_id]))[0]


async def find_many(connection: AsyncConnection, job_ids: Sequence[int]) -> list[AnyRow | None]:
    """Return jobs as documents in the order of their ids, None for each that does not exist."""
    rows = {row.id: row for row in await connection.execute(_GET, {"job_ids": list(job_ids)})}
    return [rows.get(job_id) for job_id in job_ids]


async def find_head(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job's owner, status and attempt, or None."""
    query = select(*_HEAD).where(Job.id == job_id)
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
        Job.plugin_name,
        Job.plugin_version,
        Job.error,
        Job.priority,
        Job.max_retries,
        Job.failures,
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


async def list_attempts(connection: AsyncConnection, job_id: int) -> Sequence[AnyRow]:
    """Return a job's finished attempts in order; their JSON as text."""
    columns = (
        JobAttempt.attempt,
        JobAttempt.worker,
        JobAttempt.outcome,
        cast(JobAttempt.error, Text).label("error"),
        JobAttempt.started_at,
        JobAttempt.finished_at,
        cast(JobAttempt.timings, Text).label("timings"),
    )
    query = select(*columns).where(JobAttempt.job_id == job_id).order_by(JobAttempt.attempt)
    return (await connection.execute(query)).all()


async def find_log(connection: AsyncConnection, job_id: int, attempt: int | None) -> AnyRow | None:
    """Return the log of an attempt, of the newest that has one unless `attempt` is given."""
    query = select(JobLog.attempt, JobLog.text_zlib, JobLog.total_bytes, JobLog.omitted_bytes).where(
        JobLog.job_id == job_id
    )
    if attempt is not None:
        query = query.where(JobLog.attempt == attempt)
    return (await connection.execute(query.order_by(JobLog.attempt.desc()).limit(1))).one_or_none()


async def list_events(connection: AsyncConnection, job_id: int, *, after_id: int) -> Sequence[AnyRow]:
    """Return a job's durable events in order; their data as text."""
    data = cast(JobEvent.data, Text).label("data")
    query = select(JobEvent.id, JobEvent.job_id, JobEvent.type, data, JobEvent.at)
    query = query.where(JobEvent.job_id == job_id, JobEvent.id > after_id).order_by(JobEvent.id)
    return (await connection.execute(query)).all()


async def group_by_plugin(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[str, list[int]]:
    """Return the ids of jobs under the names of their plugins."""
    rows = await connection.execute(
        select(Job.plugin_name, Job.id).where(Job.id.in_(job_ids)).order_by(Job.id)
    )
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.plugin_name, []).append(row.id)
    return found
