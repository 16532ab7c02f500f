"""All SQL that reads what hangs on a job: attempts, logs and events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import JobAttempt, JobEvent, JobLog


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
