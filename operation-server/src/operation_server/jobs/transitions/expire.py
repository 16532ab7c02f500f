"""Expiry: jobs that have waited in the queue for longer than they may."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.fail_waiting import fail_waiting
from operation_server.models.job_states import WAITING
from satellite.contracts.event import StreamEntry
from satellite.contracts.outcome import ErrorKind, JobError

EXPIRED = JobError(kind=ErrorKind.TIMEOUT, message="The job waited in the queue for longer than it may.")
AT_ONCE = 1_000

FIND = text(f"""
    SELECT id FROM jobs
    WHERE {WAITING} AND expires_at IS NOT NULL AND expires_at <= now()
    ORDER BY expires_at LIMIT :limit
""")  # noqa: S608 - only constants of this program go in.


def find_expired(connection: Connection) -> list[int]:
    """Return the waiting jobs whose time to live has passed, a thousand at most."""
    return list(connection.execute(FIND, {"limit": AT_ONCE}).scalars())


def expire_waiting(connection: Connection, job_ids: Sequence[int] | None = None) -> list[StreamEntry]:
    """Fail those of some jobs, of all by default, whose time to live has passed while they waited."""
    ids = find_expired(connection) if job_ids is None else job_ids
    return fail_waiting(connection, ids, EXPIRED, if_expired=True) if ids else []
