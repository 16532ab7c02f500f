"""All SQL about who runs an attempt that secrets are given to."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from satellite.contracts.gpu_job import GPU_JOB
from satellite.contracts.identity import AttemptKey

LOCK: Final = text("SELECT id FROM jobs WHERE id = :job_id FOR SHARE")
FIND: Final = text(f"""
    SELECT j.owner_id, j.plugin_name, p.manifest,
           CASE WHEN j.status = 'processing' THEN j.worker END AS worker,
           CASE WHEN j.plugin_name = '{GPU_JOB}' THEN j.input_data END AS input_data
    FROM jobs AS j JOIN plugins AS p ON p.id = j.plugin_id
    WHERE j.id = :job_id AND j.uid = :uid AND j.attempt = :attempt
      AND (j.status = 'processing' OR (j.status = 'queued' AND j.dispatched_at IS NOT NULL))
""")  # noqa: S608  # Only a constant of the wire.


class ActiveAttempt(NamedTuple):
    """An attempt that a worker may be running."""

    owner_id: int
    plugin_name: str
    manifest: dict[str, Any]
    worker: str | None
    """None where nobody has reported yet that they run it."""
    input_data: Any
    """Of a GPU job, whose input names secrets."""


async def find_active(connection: AsyncConnection, key: AttemptKey) -> ActiveAttempt | None:
    """Return an attempt that was dispatched and has not ended, or None."""
    # Two statements, because a worker may ask before the dispatcher's transaction has committed: the lock
    # waits for that, and the second statement sees what it committed.
    await connection.execute(LOCK, {"job_id": key.job_id})
    row = (await connection.execute(FIND, key._asdict())).one_or_none()
    return None if row is None else ActiveAttempt(*row)
