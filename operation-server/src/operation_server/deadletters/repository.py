"""All SQL about dead letters beyond that of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.deadletters.schemas import DeadLetterRead
from operation_server.jobs.repository import SMALL_PAYLOADS, JobFilter, document_of
from operation_server.models import Job

DEAD_LETTER: Final = document_of(DeadLetterRead, SMALL_PAYLOADS)


async def list_groups(
    connection: AsyncConnection, wanted: JobFilter, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of groups of equal failures and a page of them, the largest first.

    The example of each is JSON text.
    """
    groups = (
        select(
            Job.error_fingerprint.label("fingerprint"),
            Job.plugin_name,
            func.count().label("jobs"),
            func.min(Job.completed_at).label("first_at"),
            func.max(Job.completed_at).label("last_at"),
            func.max(Job.id).label("newest_job_id"),
        )
        .where(*wanted.conditions())
        .group_by(Job.error_fingerprint, Job.plugin_name)
        .subquery()
    )
    total = await connection.scalar(select(func.count()).select_from(groups)) or 0
    rows = await connection.execute(
        select(groups, cast(Job.error, Text).label("example"))
        .join(Job, Job.id == groups.c.newest_job_id)
        .order_by(groups.c.jobs.desc(), groups.c.newest_job_id.desc())
        .offset(skip)
        .limit(limit)
    )
    return total, rows.all()


async def list_inputs(connection: AsyncConnection, job_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return the ids, inputs, requirements and input files of jobs, by id; the middle two as JSON text."""
    columns = (
        Job.id,
        cast(Job.input_data, Text).label("input_json"),
        cast(Job.requires, Text).label("requires_json"),
        Job.input_files,
    )
    return (await connection.execute(select(*columns).where(Job.id.in_(job_ids)).order_by(Job.id))).all()
