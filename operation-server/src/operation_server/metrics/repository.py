"""All SQL of the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.models.job_states import ACTIVE, WAITING
from satellite.contracts.task_names import CLUSTER_QUEUE_PREFIX

COUNTED_AT_MOST = 10_000
SILENT = "silent"
"""The state of a cluster that was ready, and of which no connector tells any more."""

# Each part is a walk along a partial index: of what waits, of what is in the hands of the broker or a worker,
# and of a bounded number of what failed. Completed jobs are only ever counted as they end.
JOBS = text(f"""
    SELECT waiting.jobs AS waiting, waiting.oldest_s, active.dispatched, active.processing,
           (SELECT count(*) FROM (
               SELECT FROM jobs WHERE status = 'failed' LIMIT {COUNTED_AT_MOST}) AS f) AS failed,
           (SELECT count(*) FROM rejected_reports) AS rejected_reports,
           active.on_clusters,
           (SELECT coalesce(sum((report ->> 'connections')::bigint), 0) FROM clusters
            WHERE reported_at > now() - interval '60 s') AS cluster_connections,
           (SELECT coalesce(jsonb_object_agg(state, clusters), '{{}}') FROM (
               SELECT CASE WHEN state = 'ready' AND NOT reported_at > now() - interval '60 s'
                           THEN '{SILENT}' ELSE state END AS state, count(*) AS clusters
               FROM clusters GROUP BY 1) AS c) AS clusters
    FROM (
        SELECT count(*) AS jobs, extract(epoch FROM now() - min(run_at)) AS oldest_s
        FROM jobs WHERE {WAITING}
    ) AS waiting CROSS JOIN (
        SELECT count(*) FILTER (WHERE status = 'queued') AS dispatched,
               count(*) FILTER (WHERE status = 'processing') AS processing,
               count(*) FILTER (WHERE starts_with(queue, '{CLUSTER_QUEUE_PREFIX}')) AS on_clusters
        FROM jobs WHERE {ACTIVE}
    ) AS active
""")  # noqa: S608 - only constants of this program go in.


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCounts:
    """Unfinished jobs and dead letters."""

    waiting: int
    oldest_s: float
    dispatched: int
    processing: int
    failed: int
    rejected_reports: int
    on_clusters: int = 0
    cluster_connections: int = 0
    clusters: Mapping[str, int] = field(default_factory=dict)
    """How many clusters are in each state that one is in."""


async def count_jobs(connection: AsyncConnection) -> JobCounts:
    """Count what is unfinished or has failed."""
    row = (await connection.execute(JOBS)).one()
    return JobCounts(
        waiting=row.waiting,
        # Negative while all that waits is due later.
        oldest_s=max(0.0, float(row.oldest_s or 0)),
        dispatched=row.dispatched,
        processing=row.processing,
        failed=row.failed,
        rejected_reports=row.rejected_reports,
        on_clusters=row.on_clusters,
        cluster_connections=int(row.cluster_connections),
        clusters=row.clusters,
    )
