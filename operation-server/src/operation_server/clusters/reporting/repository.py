"""All SQL about what connectors tell of attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.models import ClusterJob, JobMetricSeries
from satellite.contracts.identity import AttemptKey

# Also of an attempt that has ended, after which a later one may be elsewhere: its folder is collected and
# removed after that.
IS_ATTEMPT: Final = text("""
    SELECT EXISTS (
        SELECT 1 FROM jobs
        WHERE id = :job_id AND uid = :uid AND (attempt > :attempt OR (attempt = :attempt AND queue = :queue))
    )
""")


async def is_attempt(connection: AsyncConnection, key: AttemptKey, *, queue: str) -> bool:
    """Tell whether there is or was such an attempt, of a job; the newest one is where it was sent."""
    return bool(await connection.scalar(IS_ATTEMPT, {**key._asdict(), "queue": queue}))


async def has_begun(connection: AsyncConnection, key: AttemptKey) -> bool:
    """Tell whether an attempt was known to have a process."""
    query = select(ClusterJob.process_id).where(
        ClusterJob.job_id == key.job_id, ClusterJob.attempt == key.attempt
    )
    return await connection.scalar(query) is not None


async def note(
    connection: AsyncConnection,
    key: AttemptKey,
    *,
    cluster_name: str,
    seen_at: datetime,
    told: Mapping[str, Any],
) -> bool:
    """Keep what was told anew of an attempt; False where something newer was told before."""
    fields = {**told, "cluster_name": cluster_name, "seen_at": seen_at}
    row = insert(ClusterJob).values(job_id=key.job_id, attempt=key.attempt, **fields)
    statement = row.on_conflict_do_update(
        index_elements=[ClusterJob.job_id, ClusterJob.attempt],
        set_=fields,
        where=ClusterJob.seen_at < seen_at,
    )
    return bool((await connection.execute(statement)).rowcount)


async def read_series(
    connection: AsyncConnection, job_id: int, attempt: int
) -> dict[str, Sequence[list[float]]]:
    """Return the series of an attempt; that nobody else changes them the row of the attempt sees to."""
    columns = (JobMetricSeries.name, JobMetricSeries.points)
    query = select(*columns).where(JobMetricSeries.job_id == job_id, JobMetricSeries.attempt == attempt)
    return {row.name: row.points for row in await connection.execute(query)}


async def put_series(
    connection: AsyncConnection, job_id: int, attempt: int, name: str, points: Sequence[list[float]]
) -> None:
    """Put a series of an attempt in place of what it was."""
    row = insert(JobMetricSeries).values(job_id=job_id, attempt=attempt, name=name, points=points)
    key = [JobMetricSeries.job_id, JobMetricSeries.attempt, JobMetricSeries.name]
    await connection.execute(row.on_conflict_do_update(index_elements=key, set_={"points": points}))
