"""What is shown of backfills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

SHOWN: Final = """
    SELECT b.id, b.workflow_id, b.number, v.version, b.range_start, b.range_end, b.scope, b.is_reverse,
           b.max_active, b.status, b.fault, b.created_by, b.created_at, b.ended_at,
           c.total, c.pending, c.open, c.completed, c.failed, c.cancelled
    FROM workflow_backfills AS b JOIN workflow_versions AS v ON v.id = b.version_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(*) FILTER (WHERE t.run_id IS NULL) AS pending,
               count(*) FILTER (WHERE r.status IN ('queued', 'processing')) AS open,
               count(*) FILTER (WHERE r.status = 'completed') AS completed,
               count(*) FILTER (WHERE r.status = 'failed') AS failed,
               count(*) FILTER (WHERE r.status = 'cancelled') AS cancelled
        FROM workflow_backfill_ticks AS t LEFT JOIN workflow_runs AS r ON r.id = t.run_id
        WHERE t.backfill_id = b.id
    ) AS c
    WHERE b.workflow_id = :workflow_id
"""
FIND: Final = text(f"{SHOWN} AND b.number = :number")
LIST: Final = text(f"{SHOWN} ORDER BY b.number DESC LIMIT :limit OFFSET :skip")
COUNT: Final = text("SELECT count(*) FROM workflow_backfills WHERE workflow_id = :workflow_id")


async def find(connection: AsyncConnection, workflow_id: int, number: int) -> AnyRow | None:
    """Return a backfill with how its runs stand, or None."""
    wanted = {"workflow_id": workflow_id, "number": number}
    return (await connection.execute(FIND, wanted)).one_or_none()


async def list_page(
    connection: AsyncConnection, workflow_id: int, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of a workflow's backfills and a page of them, newest first."""
    total = await connection.scalar(COUNT, {"workflow_id": workflow_id}) or 0
    rows = await connection.execute(LIST, {"workflow_id": workflow_id, "skip": skip, "limit": limit})
    return total, rows.all()
