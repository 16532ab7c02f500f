"""Replay: a job that has failed or was cancelled gets a fresh retry budget and runs again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import (
    insert_events,
    notify_dispatcher,
    status_event,
    subject_of,
)
from operation_server.jobs.transitions.recover import ATTEMPTS_LEFT_OUT
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus

# The attempt number goes on counting, so that no late outcome of the past can match a new attempt. A job that
# ended before the database was recovered may have been replayed since, so numbers are left out.
REPLAY = text(f"""
    UPDATE jobs SET status = 'queued', failures = 0, losses = 0, redeliveries = 0, run_at = now(),
                    dispatched_at = NULL, expires_at = NULL, cancel_requested_at = NULL, completed_at = NULL,
                    started_at = NULL, worker = NULL, result = NULL, error = NULL, error_fingerprint = NULL,
                    progress = NULL, timings = NULL,
                    attempt = attempt + CASE WHEN completed_at <= (
                        SELECT max(finished_at) FROM incarnations WHERE number > 1
                    ) THEN {ATTEMPTS_LEFT_OUT} ELSE 0 END,
                    plugin_id = coalesce(CAST(:plugin_id AS bigint), plugin_id),
                    plugin_version = coalesce(CAST(:plugin_version AS text), plugin_version)
    WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('failed', 'cancelled')
      AND (run_id IS NOT NULL) = :of_run
    RETURNING id, uid, owner_id, attempt
""")  # noqa: S608 - only a constant of this program goes in.


def replay(
    connection: Connection,
    job_ids: Sequence[int],
    *,
    plugin_id: int | None = None,
    plugin_version: str | None = None,
    of_run: bool = False,
) -> list[StreamEntry]:
    """Queue failed or cancelled jobs again, one entry for each; jobs in other states stay as they are.

    Jobs that are steps of runs are queued again only with their run, which says `of_run`.

    With `plugin_id` and `plugin_version` they run with another version of the same plugin.
    """
    rows = connection.execute(
        REPLAY,
        {"ids": list(job_ids), "plugin_id": plugin_id, "plugin_version": plugin_version, "of_run": of_run},
    )
    replayed = sorted(rows.all(), key=lambda row: int(row.id))
    if not replayed:
        return []
    notify_dispatcher(connection)
    return insert_events(
        connection, [status_event(subject_of(row), JobStatus.QUEUED, row.attempt) for row in replayed]
    )
