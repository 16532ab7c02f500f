"""All SQL of the reconciler that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models.job_states import active

# Newest first: a queue is first in, first out, so what still waits in it was dispatched last.
ACTIVE = text(f"""
    SELECT j.id, j.attempt, j.status, j.cancel_requested_at IS NOT NULL AS cancel_requested,
           extract(epoch FROM now() - j.dispatched_at) AS dispatched_s,
           extract(epoch FROM now() - j.started_at) AS started_s,
           p.manifest -> 'resources' ->> 'gpus' AS gpus
    FROM jobs AS j JOIN plugins AS p ON p.id = j.plugin_id
    WHERE {active("j")}
    ORDER BY j.dispatched_at DESC, j.id DESC
""")  # noqa: S608 - only a constant of this program goes in.


async def list_active(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return the attempts in the broker's or a worker's hands, dispatched last first."""
    return (await connection.execute(ACTIVE)).all()
