"""All SQL that reads what jobs have on clusters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Cluster, ClusterJob, JobMetricSeries


async def list_folders(connection: AsyncConnection, job_id: int) -> Sequence[AnyRow]:
    """Return what is known of a job's attempts on clusters, newest first; `address` is None of a gone one."""
    query = (
        select(*ClusterJob.__table__.c, Cluster.address)
        .outerjoin(Cluster, Cluster.name == ClusterJob.cluster_name)
        .where(ClusterJob.job_id == job_id)
        .order_by(ClusterJob.attempt.desc())
    )
    return (await connection.execute(query)).all()


async def list_series(connection: AsyncConnection, job_id: int) -> Sequence[AnyRow]:
    """Return the series of the newest attempt that has some, by name."""
    of_job = JobMetricSeries.job_id == job_id
    newest = select(func.max(JobMetricSeries.attempt)).where(of_job).scalar_subquery()
    columns = (JobMetricSeries.attempt, JobMetricSeries.name, JobMetricSeries.points)
    query = select(*columns).where(of_job, JobMetricSeries.attempt == newest).order_by(JobMetricSeries.name)
    return (await connection.execute(query)).all()
