"""Expiry: jobs that have waited in the queue for longer than they may."""

from __future__ import annotations

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import insert_events, result_event, status_event
from operation_server.jobs.transitions.fingerprint import error_fingerprint
from operation_server.jobs.transitions.timings import NEVER_DISPATCHED
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, JobError

EXPIRED = JobError(kind=ErrorKind.TIMEOUT, message="The job waited in the queue for longer than it may.")

# Only jobs that no worker was told of: a dispatched one may be about to start.
EXPIRE = text(f"""
    UPDATE jobs SET status = 'failed', completed_at = now(), error = CAST(:error AS jsonb),
                    timings = {NEVER_DISPATCHED}
    WHERE id IN (
        SELECT id FROM jobs
        WHERE status = 'queued' AND expires_at IS NOT NULL AND expires_at <= now() AND dispatched_at IS NULL
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING id, owner_id, attempt, plugin_name
""")  # noqa: S608 - only a constant of this package goes in.

FINGERPRINTS = text("""
    UPDATE jobs SET error_fingerprint = f.fingerprint
    FROM unnest(CAST(:ids AS bigint[]), CAST(:fingerprints AS text[])) AS f(id, fingerprint)
    WHERE jobs.id = f.id
""")


def expire_waiting(connection: Connection, *, limit: int = 1_000) -> list[StreamEntry]:
    """Fail waiting jobs whose time to live has passed."""
    rows = connection.execute(EXPIRE, {"error": EXPIRED.model_dump_json(exclude_none=True), "limit": limit})
    expired = sorted(rows.all(), key=lambda row: int(row.id))
    if not expired:
        return []
    connection.execute(
        FINGERPRINTS,
        {
            "ids": [row.id for row in expired],
            "fingerprints": [
                error_fingerprint(row.plugin_name, EXPIRED.kind, EXPIRED.message) for row in expired
            ],
        },
    )
    error = EXPIRED.model_dump(mode="json", exclude_none=True)
    events = [
        event
        for row in expired
        for event in (
            status_event(row.id, row.owner_id, JobStatus.FAILED, row.attempt, error=error),
            result_event(row.id, row.owner_id, JobStatus.FAILED, row.attempt, error=error),
        )
    ]
    return insert_events(connection, events)
