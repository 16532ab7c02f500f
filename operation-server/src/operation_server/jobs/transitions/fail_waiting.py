"""The end of jobs that fail while they wait, before any worker is told of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import insert_events, result_event, status_event, subject_of
from operation_server.jobs.transitions.fingerprint import error_fingerprint
from operation_server.jobs.transitions.step_ends import end_steps
from operation_server.jobs.transitions.timings import NEVER_DISPATCHED
from operation_server.models.job_states import WAITING
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import JobError

# Only jobs that no worker was told of: a dispatched one may be about to start.
FAIL = text(f"""
    UPDATE jobs SET status = 'failed', completed_at = now(), error = CAST(:error AS jsonb),
                    timings = {NEVER_DISPATCHED}
    WHERE id IN (
        SELECT id FROM jobs
        WHERE id = ANY(CAST(:ids AS bigint[])) AND {WAITING}
          AND (NOT :if_expired OR expires_at <= now())
        ORDER BY id FOR UPDATE SKIP LOCKED
    )
    RETURNING id, uid, owner_id, attempt, plugin_name, run_id
""")  # noqa: S608 - only constants of this program go in.

FINGERPRINTS = text("""
    UPDATE jobs SET error_fingerprint = f.fingerprint
    FROM unnest(CAST(:ids AS bigint[]), CAST(:fingerprints AS text[])) AS f(id, fingerprint)
    WHERE jobs.id = f.id
""")


def fail_waiting(
    connection: Connection, job_ids: Sequence[int], error: JobError, *, if_expired: bool = False
) -> list[StreamEntry]:
    """Fail those of some jobs that still wait, with `if_expired` only those whose time to live has passed."""
    told = error.model_dump(mode="json", exclude_none=True)
    rows = connection.execute(
        FAIL,
        {
            "ids": list(job_ids),
            "error": error.model_dump_json(exclude_none=True),
            "if_expired": if_expired,
        },
    )
    failed = sorted(rows.all(), key=lambda row: int(row.id))
    if not failed:
        return []
    connection.execute(
        FINGERPRINTS,
        {
            "ids": [row.id for row in failed],
            "fingerprints": [error_fingerprint(row.plugin_name, error.kind, error.message) for row in failed],
        },
    )
    end_steps(connection, [(row.id, JobStatus.FAILED) for row in failed if row.run_id is not None])
    events = [
        event
        for row in failed
        for event in (
            status_event(subject_of(row), JobStatus.FAILED, row.attempt, error=told),
            result_event(subject_of(row), JobStatus.FAILED, row.attempt, error=told),
        )
    ]
    return insert_events(connection, events)
