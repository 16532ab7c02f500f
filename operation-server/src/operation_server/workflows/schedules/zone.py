"""The clock on the wall of a time zone, and when it is put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from operation_server.workflows.schedules.errors import ScheduleInvalid

STEP: Final = timedelta(days=7)
"""No zone changes its clock twice within it."""
SECOND: Final = timedelta(seconds=1)
OF_THE_MACHINE: Final = {"Factory", "localtime", "posixrules"}
"""Names that mean something else on each machine."""


class Zone:
    """A time zone; moments are in UTC, times of its clock have no zone."""

    def __init__(self, name: str) -> None:
        """Find a zone by its name of the IANA.

        Raises:
            ScheduleInvalid: there is none.
        """
        if name not in _names():
            raise ScheduleInvalid(f"there is no time zone {name!r}; their names are like Asia/Seoul")
        self._zone = ZoneInfo(name)

    def offset(self, moment: datetime) -> timedelta:
        """Return by how much the clock is ahead of UTC at a moment."""
        return self.local(moment).utcoffset() or timedelta()

    def local(self, moment: datetime) -> datetime:
        """Return a moment in this zone."""
        return moment.astimezone(self._zone)

    def wall(self, moment: datetime) -> datetime:
        """Return what the clock shows at a moment."""
        return self.local(moment).replace(tzinfo=None)

    def first_moment(self, wall: datetime) -> datetime:
        """Return the first moment at which the clock shows a time or, if it never does, jumps over it."""
        moment = self._moment(wall, fold=0)
        if self.wall(moment) == wall:
            return moment
        # With the offset of after the jump it is before it, and the other way round.
        return self.change_between(self._moment(wall, fold=1), moment) or moment

    def shows_twice(self, wall: datetime) -> bool:
        """Tell whether the clock shows a time twice, because it is put back."""
        first, second = self._moment(wall, fold=0), self._moment(wall, fold=1)
        return first < second

    def change_between(self, start: datetime, end: datetime) -> datetime | None:
        """Return the first moment after `start`, at most `end`, with another offset, if there is one."""
        offset = self.offset(start)
        while start < end:
            step = min(start + STEP, end)
            if self.offset(step) != offset:
                return self._change_within(start, step, offset)
            start = step
        return None

    def _change_within(self, before: datetime, after: datetime, offset: timedelta) -> datetime:
        before = before.replace(microsecond=0)
        while after - before > SECOND:
            between = before + (after - before) // (2 * SECOND) * SECOND
            if self.offset(between) == offset:
                before = between
            else:
                after = between
        return after.replace(microsecond=0)

    def _moment(self, wall: datetime, *, fold: int) -> datetime:
        return wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)


@lru_cache(1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - OF_THE_MACHINE)
