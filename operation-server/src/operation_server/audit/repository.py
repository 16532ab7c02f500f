"""All SQL that reads the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import AuditEntry

COUNTED_AT_MOST: Final = 1_000

_COLUMNS = tuple(AuditEntry.__table__.columns)


class Place(NamedTuple):
    """Where an entry stands in the trail."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries are meant; None means any."""

    actor_id: int | None = None
    actor: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    address: str | None = None
    is_refused: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        equal = ("actor_id", "actor", "action", "object_type", "object_id", "address", "is_refused")
        found: list[ColumnElement[bool]] = [
            getattr(AuditEntry, name) == wanted
            for name in equal
            if (wanted := getattr(self, name)) is not None
        ]
        if self.since is not None:
            found.append(AuditEntry.at >= self.since)
        if self.until is not None:
            found.append(AuditEntry.at < self.until)
        return found


async def list_newest(
    connection: AsyncConnection, wanted: EntryFilter, *, before: Place | None, limit: int
) -> Sequence[AnyRow]:
    """Return entries, newest first, that come before a place."""
    query = select(*_COLUMNS).where(*wanted.conditions())
    if before is not None:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(*before))
    newest_first = (AuditEntry.at.desc(), AuditEntry.id.desc())
    return (await connection.execute(query.order_by(*newest_first).limit(limit))).all()


async def list_oldest(
    connection: AsyncConnection, wanted: EntryFilter, *, after: Place | None, limit: int
) -> Sequence[AnyRow]:
    """Return entries, oldest first, that come after a place."""
    query = select(*_COLUMNS).where(*wanted.conditions())
    if after is not None:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) > tuple_(*after))
    return (await connection.execute(query.order_by(AuditEntry.at, AuditEntry.id).limit(limit))).all()


async def count(connection: AsyncConnection, wanted: EntryFilter) -> int:
    """Return the number of entries, at most `COUNTED_AT_MOST`."""
    some = select(AuditEntry.id).where(*wanted.conditions()).limit(COUNTED_AT_MOST).subquery()
    return await connection.scalar(select(func.count()).select_from(some)) or 0
