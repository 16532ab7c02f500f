"""What is shown of schedules and ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from satellite.contracts.workflow_schedule import TickFate

# Intervals of what was just deployed, and is not followed yet, are counted from then.
FIND: Final = text("""
    SELECT s.fault, coalesce(s.anchor, w.updated_at) AS anchor, now() AS now
    FROM workflows AS w LEFT JOIN workflow_schedules AS s ON s.workflow_id = w.id
    WHERE w.id = :workflow_id
""")
COUNT: Final = text("""
    SELECT count(*) FROM workflow_ticks
    WHERE workflow_id = :workflow_id AND (CAST(:fate AS text) IS NULL OR fate = :fate)
""")
LIST: Final = text("""
    SELECT t.scheduled_for, t.through, t.fate, t.run_id, r.status AS run_status, t.decided_at
    FROM workflow_ticks AS t LEFT JOIN workflow_runs AS r ON r.id = t.run_id
    WHERE t.workflow_id = :workflow_id AND (CAST(:fate AS text) IS NULL OR t.fate = :fate)
    ORDER BY t.scheduled_for DESC LIMIT :limit OFFSET :skip
""")


async def find(connection: AsyncConnection, workflow_id: int) -> AnyRow:
    """Return how the schedule of a workflow is followed, and the moment."""
    return (await connection.execute(FIND, {"workflow_id": workflow_id})).one()


async def list_ticks(
    connection: AsyncConnection, workflow_id: int, *, fate: TickFate | None, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of ticks of a workflow and a page of them, newest first."""
    wanted = {"workflow_id": workflow_id, "fate": fate}
    total = await connection.scalar(COUNT, wanted) or 0
    rows = await connection.execute(LIST, {**wanted, "skip": skip, "limit": limit})
    return total, rows.all()
