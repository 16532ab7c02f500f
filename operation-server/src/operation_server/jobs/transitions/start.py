"""Started reports: a worker has claimed an attempt."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import (
    ROOM,
    insert_events,
    notify_dispatcher,
    status_event,
    subject_of,
)
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus, StartedReport

LOCK = text("""
    SELECT id FROM jobs WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")

START = text("""
    UPDATE jobs SET status = 'processing', worker = r.worker, redeliveries = 0,
                    started_at = greatest(jobs.dispatched_at, least(now(), r.started_at))
    FROM json_to_recordset(CAST(:reports AS json)) AS r(
        job_id bigint, attempt bigint, uid uuid, worker text, started_at timestamptz
    )
    WHERE jobs.id = r.job_id AND jobs.uid = r.uid AND jobs.attempt = r.attempt
      AND jobs.status = 'queued' AND jobs.dispatched_at IS NOT NULL
    RETURNING jobs.id, jobs.uid, jobs.owner_id, jobs.attempt, jobs.worker, jobs.cancel_requested_at
""")


def apply_started(connection: Connection, reports: Sequence[StartedReport]) -> list[StreamEntry]:
    """Move dispatched jobs to `processing`; reports of other attempts, late or repeated ones, do nothing."""
    # Two statements, because a report may arrive before the dispatcher's transaction has committed: the
    # lock waits for that, and the second statement sees what it committed.
    connection.execute(LOCK, {"ids": [report.job_id for report in reports]})
    rows = connection.execute(START, {"reports": _parameter(reports)})
    started = sorted(rows.all(), key=lambda row: int(row.id))
    if not started:
        return []
    notify_dispatcher(connection, ROOM)
    return insert_events(
        connection,
        [
            status_event(
                subject_of(row),
                JobStatus.PROCESSING,
                row.attempt,
                worker=row.worker,
                cancelling=row.cancel_requested_at is not None,
            )
            for row in started
        ],
    )


def _parameter(reports: Sequence[StartedReport]) -> str:
    return orjson.dumps([report.model_dump(mode="json") for report in reports]).decode()
