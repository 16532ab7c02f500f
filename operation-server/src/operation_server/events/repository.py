"""All SQL of readers of events: their marks, what comes after them, and what was set aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

BEGIN: Final = text("INSERT INTO event_readers (name) VALUES (:name) ON CONFLICT (name) DO NOTHING")
POSITION: Final = text("SELECT position FROM event_readers WHERE name = :name")
# Both numbers are of the moment that the events were looked at: a transaction that has the id of an event not
# seen here was running then, and has a smaller number than the one given to this transaction now. It is given
# only if there are events, or each idle look would use one up.
AFTER: Final = text("""
    SELECT id, subject, job_id, owner_id, type,
           CASE WHEN CAST(:data_of AS text[]) IS NULL OR type = ANY(CAST(:data_of AS text[]))
                THEN CAST(data AS text) ELSE 'null' END AS data, at,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest_running,
           CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS next_transaction
    FROM job_events WHERE id > :position ORDER BY id LIMIT :limit
""")
# Of two readers of one name only the first one gets past its mark; the other does nothing in the end.
MOVE: Final = text("""
    UPDATE event_readers SET position = :position, moved_at = now()
    WHERE name = :name AND position = :was RETURNING position
""")
SET_ASIDE: Final = text("""
    INSERT INTO event_reader_faults (reader, event_id, reason) VALUES (:name, :event_id, :reason)
    ON CONFLICT (reader, event_id) DO NOTHING
""")


async def begin(connection: AsyncConnection, name: str) -> None:
    """Make the mark of a new reader, before the first event; safe to repeat."""
    await connection.execute(BEGIN, {"name": name})


async def find_position(connection: AsyncConnection, name: str) -> int:
    """Return up to which id a reader that was begun has seen all events."""
    position: int = (await connection.execute(POSITION, {"name": name})).scalar_one()
    return position


async def list_after(
    connection: AsyncConnection, position: int, *, limit: int, data_of: Collection[str] | None = None
) -> Sequence[AnyRow]:
    """Return committed events beyond an id, in order; of types outside of `data_of` the data is null."""
    wanted = None if data_of is None else list(data_of)
    parameters = {"position": position, "limit": limit, "data_of": wanted}
    return (await connection.execute(AFTER, parameters)).all()


async def move(connection: AsyncConnection, name: str, *, was: int, position: int) -> bool:
    """Move the mark of a reader; False if another one has moved it."""
    parameters = {"name": name, "was": was, "position": position}
    return (await connection.execute(MOVE, parameters)).scalar() is not None


async def set_aside(connection: AsyncConnection, name: str, event_id: int, reason: str) -> None:
    """Remember that a reader could not take an event."""
    await connection.execute(SET_ASIDE, {"name": name, "event_id": event_id, "reason": reason})
