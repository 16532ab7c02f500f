"""Replay: a job that has failed or was cancelled gets a fresh retry budget and runs again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import insert_events, notify_dispatcher, status_event
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus

# The attempt number goes on counting, so that no late outcome of the past can match a new attempt.
REPLAY = text("""
    UPDATE jobs SET status = 'queued', failures = 0, redeliveries = 0, run_at = now(), dispatched_at = NULL,
                    expires_at = NULL, cancel_requested_at = NULL, completed_at = NULL, started_at = NULL,
                    worker = NULL, result = NULL, error = NULL, error_fingerprint = NULL, progress = NULL,
                    timings = NULL, plugin_id = coalesce(CAST(:plugin_id AS bigint), plugin_id),
                    plugin_version = coalesce(CAST(:plugin_version AS text), plugin_version)
    WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('failed', 'cancelled')
    RETURNING id, owner_id, attempt
""")


def replay(
    connection: Connection,
    job_ids: Sequence[int],
    *,
    plugin_id: int | None = None,
    plugin_version: str | None = None,
) -> list[StreamEntry]:
    """Queue failed or cancelled jobs again, one entry for each; jobs in other states stay as they are.

    With `plugin_id` and `plugin_version` they run with another version of the same plugin.
    """
    rows = connection.execute(
        REPLAY,
        {"ids": list(job_ids), "plugin_id": plugin_id, "plugin_version": plugin_version},
    )
    replayed = sorted(rows.all(), key=lambda row: int(row.id))
    if not replayed:
        return []
    notify_dispatcher(connection)
    return insert_events(
        connection, [status_event(row.id, row.owner_id, JobStatus.QUEUED, row.attempt) for row in replayed]
    )
