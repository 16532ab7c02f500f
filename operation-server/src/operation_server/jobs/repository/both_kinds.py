"""Jobs and runs of workflows in one list, as they are numbered by one sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    Select,
    Text,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.jobs.repository.documents import LISTED
from operation_server.jobs.repository.job_filter import JobFilter
from operation_server.jobs.repository.run_filter import RunFilter
from operation_server.jobs.repository.runs import FROM_RUNS, LISTED_RUN
from operation_server.models import Job, WorkflowRun

_RUN: Final = (
    select(
        literal_column("r.status", Text).label("status"), literal_column(LISTED_RUN, Text).label("document")
    )
    .select_from(text(FROM_RUNS))
    .where(text("r.id = page.id AND page.is_run"))
    .lateral("run")
)


async def list_all(
    connection: AsyncConnection,
    jobs: JobFilter | None,
    runs: RunFilter | None,
    *,
    skip: int,
    limit: int,
) -> Sequence[AnyRow]:
    """Return a page of jobs and runs as documents, newest first; of what is None there are none."""
    most = skip + limit
    newest = [each.order_by(each.selected_columns[0].desc()).limit(most) for each in _ids(jobs, runs)]
    if not newest:
        return []
    both = union_all(*newest).subquery("both_kinds")
    # Both scans stop after as many rows as the page needs; documents are made of the page alone.
    page = select(both).order_by(both.c.id.desc()).offset(skip).limit(limit).cte("page")
    job = select(Job.status, LISTED).where(Job.id == page.c.id, ~page.c.is_run).lateral("job")
    query = (
        select(
            page.c.id,
            func.coalesce(job.c.status, _RUN.c.status).label("status"),
            func.coalesce(job.c.document, _RUN.c.document).label("document"),
        )
        .select_from(page.outerjoin(job, true()).outerjoin(_RUN, true()))
        .order_by(page.c.id.desc())
    )
    return (await connection.execute(query)).all()


async def count_all(
    connection: AsyncConnection, jobs: JobFilter | None, runs: RunFilter | None, *, most: int
) -> int:
    """Return the number of jobs and runs, at most `most`."""
    # In no order: whatever is looked at with the least work is counted.
    some = [each.limit(most) for each in _ids(jobs, runs)]
    if not some:
        return 0
    found = await connection.scalar(select(func.count()).select_from(union_all(*some).subquery("found")))
    return min(found or 0, most)


def _ids(jobs: JobFilter | None, runs: RunFilter | None) -> list[Select[int, bool]]:
    """Return the numbers of each kind that is wanted."""
    found: list[Select[int, bool]] = []
    if jobs is not None:
        found.append(select(Job.id, literal(value=False).label("is_run")).where(*jobs.conditions()))
    if runs is not None:
        found.append(select(WorkflowRun.id, literal(value=True).label("is_run")).where(*runs.conditions()))
    return found
