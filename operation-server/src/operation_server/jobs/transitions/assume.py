"""Attempts that were sent to a cluster and may have begun there, though nobody has told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.adopt import note_handles
from operation_server.jobs.transitions.ending import Repaired
from operation_server.jobs.transitions.start import apply_started
from operation_server.models.job_states import active
from satellite.contracts.cluster_handle import handle_by_queue, worker_of_cluster
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import StartedReport
from satellite.contracts.task_names import CLUSTER_QUEUE_PREFIX, cluster_of_queue

FIND = text(f"""
    SELECT id, attempt, uid, queue, generation, coalesce(started_at, dispatched_at) AS began_at FROM jobs
    WHERE id = ANY(CAST(:ids AS bigint[])) AND {active("jobs")}
      AND starts_with(queue, '{CLUSTER_QUEUE_PREFIX}')
    ORDER BY id FOR UPDATE
""")  # noqa: S608 - only constants of this program go in.


def assume_begun(connection: Connection, attempts: Sequence[AttemptKey]) -> Repaired:
    """Let attempts count as begun on the clusters they were sent to; those that have moved on are left out.

    What is on a cluster is found by the attempt alone. So somebody can adopt them, and then the cluster says
    whether they ever began.
    """
    rows = connection.execute(FIND, {"ids": [key.job_id for key in attempts]}).all()
    wanted = set(attempts)
    reports = [_report(row) for row in rows if AttemptKey(row.id, row.attempt, row.uid) in wanted]
    if not reports:
        return Repaired()
    entries = apply_started(connection, reports)
    return Repaired(attempts=len(reports), entries=entries + note_handles(connection, reports))


def _report(row: Row[Any]) -> StartedReport:
    key = AttemptKey(row.id, row.attempt, row.uid)
    return StartedReport(
        **key._asdict(),
        worker=worker_of_cluster(cluster_of_queue(row.queue)),
        started_at=row.began_at,
        generation=row.generation,
        handle=handle_by_queue(key, queue=row.queue, began_at=row.began_at),
    )
