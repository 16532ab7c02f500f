"""All SQL about incarnations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

# Each part changes when rows come to another place: a cluster has an id, a recovery to a point in time begins
# a timeline, a dump is read into another table, a copied database has another number. The name of the file
# that is written now has the timeline at once, the control file only after a checkpoint.
LOCATION: Final = """
    concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
              substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
              (SELECT oid FROM pg_database WHERE datname = current_database()),
              CAST('incarnations'::regclass AS oid))
"""
STATE: Final = text(f"""
    SELECT number, location AS recorded_location, {LOCATION} AS location,
           finished_at IS NOT NULL AS is_finished,
           CAST(pg_current_wal_flush_lsn() - '0/0'::pg_lsn AS bigint) AS position
    FROM incarnations ORDER BY number DESC LIMIT 1
""")  # noqa: S608 - only a constant of this module goes in.
NOTE_LOCATION: Final = text(f"""
    UPDATE incarnations SET location = {LOCATION}
    WHERE location IS NULL AND number = (SELECT max(number) FROM incarnations)
""")  # noqa: S608 - only a constant of this module goes in.
ACCEPT_LOCATION: Final = text(f"""
    UPDATE incarnations SET location = {LOCATION} WHERE number = (SELECT max(number) FROM incarnations)
""")  # noqa: S608 - only a constant of this module goes in.
BEGIN: Final = text(f"""
    INSERT INTO incarnations (number, location, last_event_id)
    SELECT (SELECT max(number) FROM incarnations) + 1, {LOCATION},
           coalesce((SELECT max(id) FROM job_events), 0)
""")  # noqa: S608 - only a constant of this module goes in.
NOTE_FIRST_EVENT: Final = text("""
    UPDATE incarnations SET first_event_id = :first_event_id
    WHERE number = (SELECT max(number) FROM incarnations)
""")
FINISH: Final = text("""
    UPDATE incarnations SET finished_at = now() WHERE number = (SELECT max(number) FROM incarnations)
""")
LOST_EVENTS: Final = text("""
    SELECT number, began_at, last_event_id, first_event_id FROM incarnations
    WHERE first_event_id > 0 ORDER BY number
""")


async def find_state(connection: AsyncConnection) -> AnyRow:
    """Return the present incarnation, where it was noted, where it is, and how far its log is written."""
    return (await connection.execute(STATE)).one()


def find_state_now(connection: Connection) -> AnyRow:
    """Return the same on a blocking connection."""
    return connection.execute(STATE).one()


async def note_location(connection: AsyncConnection) -> None:
    """Note where the database is, if nobody has yet."""
    await connection.execute(NOTE_LOCATION)


def note_location_now(connection: Connection) -> None:
    """Do the same on a blocking connection."""
    connection.execute(NOTE_LOCATION)


def accept_location(connection: Connection) -> None:
    """Note where the database is now, whatever was noted before."""
    connection.execute(ACCEPT_LOCATION)


def begin(connection: Connection) -> None:
    """Begin another incarnation, which is not finished yet."""
    connection.execute(BEGIN)


def note_first_event(connection: Connection, first_event_id: int) -> None:
    """Note beyond which id the events of the present incarnation are."""
    connection.execute(NOTE_FIRST_EVENT, {"first_event_id": first_event_id})


def finish(connection: Connection) -> None:
    """Let everybody work on the present incarnation."""
    connection.execute(FINISH)


async def list_lost_events(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return between which ids of events each recovery has lost those that were told."""
    return (await connection.execute(LOST_EVENTS)).all()
