"""The months of the audit trail: each is a table, made ahead of need, and dropped whole when it is old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple, Self

import structlog

from operation_server.database.connections import Connection
from operation_server.trail import repository

MADE_AHEAD: Final = 24
"""Entries beyond are kept too, in the table of those of no month, which no retention drops."""

log = structlog.get_logger(__name__)


class Month(NamedTuple):
    """A month in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month of a day."""
        return cls(day.year, day.month)

    def later(self, months: int) -> Month:
        """Return the month so many months later; earlier when negative."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    @property
    def first_day(self) -> date:
        """Return its first day."""
        return date(self.year, self.number, 1)

    @property
    def table(self) -> str:
        """Return the name of its table; the order of names is that of months."""
        return f"entries_{self.year:04}_{self.number:02}"


def keep_months(connection: Connection, *, today: date, kept: int) -> None:
    """Make the tables of this and the coming months, seal those that are over, and drop the old ones.

    Those that ended `kept` months ago or earlier are old. Safe to repeat. The connection is that of the role
    that owns the tables.
    """
    this = Month.of(today)
    there = repository.list_months(connection)
    for month in (this.later(ahead) for ahead in range(MADE_AHEAD + 1)):
        if month.table not in there and not repository.add_month(
            connection, month.table, first=month.first_day, after=month.later(1).first_day
        ):
            log.warning("entries of a month of the audit trail stay among those of no month", month=month)
    _seal(connection, [name for name in there if _is_over(name, today)])
    oldest = this.later(-kept)
    for name in there:
        if name < oldest.table:
            repository.drop_month(connection, name)
            log.info("dropped a month of the audit trail", month=name)


def _is_over(name: str, today: date) -> bool:
    """Tell whether nothing comes into a month any more: its last transactions have ended."""
    return name < Month.of(today - timedelta(days=1)).table


def _seal(connection: Connection, names: Sequence[str]) -> None:
    """Keep the digest of months, and tell of those that are no longer what they were.

    Whoever owns the tables can change the seals too: the log, sent elsewhere, has them as they were.
    """
    seals = repository.list_seals(connection)
    for name in names:
        is_now = repository.digest_month(connection, name)
        if name not in seals:
            repository.add_seal(connection, name, is_now)
            log.info("sealed a month of the audit trail", month=name, **is_now._asdict())
        elif seals[name] != is_now:
            log.error("a sealed month of the audit trail has changed", month=name, **is_now._asdict())
