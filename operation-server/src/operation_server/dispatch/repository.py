"""All SQL of the reconciler that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models.job_states import ACTIVE as ACTIVE_JOBS
from operation_server.models.job_states import active

# Newest first: a queue is first in, first out, so what still waits in it was dispatched last.
ACTIVE = text(f"""
    SELECT j.id, j.attempt, j.uid, j.status, j.cancel_requested_at IS NOT NULL AS cancel_requested,
           extract(epoch FROM now() - j.dispatched_at) AS dispatched_s,
           extract(epoch FROM now() - j.started_at) AS started_s,
           j.queue, j.losses, j.generation, h.handle ->> 'place' AS place,
           extract(epoch FROM now() - h.offered_at) AS offered_s
    FROM jobs AS j
    LEFT JOIN run_handles AS h ON h.job_id = j.id AND h.attempt = j.attempt
    WHERE {active("j")}
    ORDER BY j.dispatched_at DESC, j.id DESC
""")  # noqa: S608 - only a constant of this program goes in.

QUEUES = text(f"SELECT DISTINCT queue FROM jobs WHERE {ACTIVE_JOBS} AND queue IS NOT NULL")  # noqa: S608


async def list_queues(connection: AsyncConnection) -> list[str]:
    """Return the queues of the broker that attempts under way were sent to."""
    return list(await connection.scalars(QUEUES))


async def list_active(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return the attempts in the broker's or a worker's hands, dispatched last first."""
    return (await connection.execute(ACTIVE)).all()
