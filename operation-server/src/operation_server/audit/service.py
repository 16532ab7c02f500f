"""The rules about reading the audit trail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.audit import repository
from operation_server.audit.errors import EntryCursorInvalid
from operation_server.audit.repository import EntryFilter, Place
from operation_server.audit.schemas import EntryList, EntryRead
from operation_server.database.connections import Connections
from operation_server.trail.actions import Action
from operation_server.trail.recording import record

EXPORTED_AT_ONCE: Final = 1_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class AuditService:
    """Shows the audit trail to admins."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def list_page(
        self, caller: Account, wanted: EntryFilter, *, cursor: str | None, limit: int
    ) -> EntryList:
        """Return entries, newest first, after those that end with `cursor`.

        Raises:
            AdminRequired: the caller may not see them.
            EntryCursorInvalid: `cursor` is none.
        """
        require(caller, Permission.READ_AUDIT)
        before = None if cursor is None else _parse(cursor)
        async with self._connections.connect() as connection:
            rows = await repository.list_newest(connection, wanted, before=before, limit=limit)
            total = await repository.count(connection, wanted)
        return EntryList(
            total=total,
            items=[EntryRead.model_validate(row) for row in rows],
            next_cursor=_cursor(Place(rows[-1].at, rows[-1].id)) if len(rows) == limit else None,
        )

    async def export(self, caller: Account, wanted: EntryFilter) -> AsyncIterator[bytes]:
        """Return entries as lines of JSON, oldest first, while they are read; the export is an entry too.

        Raises:
            AdminRequired: the caller may not see them.
        """
        require(caller, Permission.READ_AUDIT)
        async with self._connections.begin() as connection:
            await record(connection, caller, Action.EXPORT_AUDIT, "export")
        return self._lines(wanted)

    async def _lines(self, wanted: EntryFilter) -> AsyncIterator[bytes]:
        after: Place | None = None
        while True:
            # A statement a page, so that a slow client holds no connection and no snapshot.
            async with self._connections.connect() as connection:
                rows = await repository.list_oldest(connection, wanted, after=after, limit=EXPORTED_AT_ONCE)
            yield b"".join(EntryRead.model_validate(row).model_dump_json().encode() + b"\n" for row in rows)
            if len(rows) < EXPORTED_AT_ONCE:
                return
            after = Place(rows[-1].at, rows[-1].id)


def _cursor(place: Place) -> str:
    return f"{(place.at - EPOCH) // MICROSECOND}-{place.id}"


def _parse(cursor: str) -> Place:
    moment, _, entry_id = cursor.partition("-")
    try:
        return Place(EPOCH + int(moment) * MICROSECOND, int(entry_id))
    except (ValueError, OverflowError) as error:
        raise EntryCursorInvalid from error
