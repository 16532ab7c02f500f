"""The moments at which a schedule starts a run, in UTC.

A cron that names times of the day keeps to the clock: a time that is jumped over comes straight after the
jump, and one that comes twice counts the first time. A cron whose minute or hour begins with `*` is a rhythm
and goes on through changes of the clock, as cron of Debian does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from operation_server.workflows.schedules.cron import Cron
from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.zone import SECOND, Zone
from satellite.contracts.workflow import Schedule

ANCHOR: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""From which `every_s` counts, unless something else is said."""


class Ticks:
    """The ticks of one schedule."""

    def __init__(self, schedule: Schedule, *, anchor: datetime = ANCHOR) -> None:
        """Understand a schedule; those of `every_s` are so many seconds from `anchor`.

        Raises:
            ScheduleInvalid: nobody can mean it.
        """
        self.zone = Zone(schedule.timezone)
        self.cron = None if schedule.cron is None else Cron(schedule.cron)
        self._every = timedelta(seconds=schedule.every_s or 0)
        self._anchor = anchor.astimezone(UTC)

    def after(self, moment: datetime) -> datetime:
        """Return the first tick after a moment.

        Raises:
            ScheduleInvalid: there is none within fifty years.
        """
        moment = moment.astimezone(UTC)
        if self.cron is None:
            return self._anchor + ((moment - self._anchor) // self._every + 1) * self._every
        return self._in_real_time(moment) if self.cron.is_in_real_time else self._by_the_clock(moment)

    def before(self, moment: datetime) -> datetime | None:
        """Return the last tick before a moment, None if there is none within fifty years."""
        moment = moment.astimezone(UTC)
        if self.cron is None:
            return self._anchor + -((self._anchor - moment) // self._every + 1) * self._every
        for wall in self.cron.walls_before(self.zone.wall(moment)):
            # Where a clock was put back, there are more of them than its times tell.
            ticks = self.between(self.zone.first_moment(wall) - SECOND, moment)
            if earlier := [tick for tick in ticks if tick < moment]:
                return earlier[-1]
        return None

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the ticks after a moment, at most until another, in order."""
        tick = self.after(after)
        while tick <= until:
            yield tick
            tick = self.after(tick)

    def data_interval(self, tick: datetime) -> tuple[datetime, datetime]:
        """Return what a run of a tick is about: the time since the tick before."""
        return self.before(tick) or tick, tick

    def stated_wall(self, tick: datetime) -> datetime:
        """Return the time of the clock that a tick stands for, though the clock may jump over it."""
        if self.cron is not None and not self.cron.is_in_real_time:
            walls = self._walls_after(self.zone.wall(tick - SECOND))
            return next(wall for wall in walls if self.zone.first_moment(wall) == tick)
        return self.zone.wall(tick)

    def _by_the_clock(self, moment: datetime) -> datetime:
        ticks = (self.zone.first_moment(wall) for wall in self._walls_after(self.zone.wall(moment)))
        return next(tick for tick in ticks if tick > moment)

    def _in_real_time(self, moment: datetime) -> datetime:
        """Count on with the same offset, and anew from each change of the clock before the tick."""
        since, offset = moment, self.zone.offset(moment)
        while True:
            wall = next(self._walls_after((since + offset).replace(tzinfo=None)))
            tick = wall.replace(tzinfo=UTC) - offset
            change = self.zone.change_between(moment, tick)
            if change is None:
                return tick
            # What the clock shows right after the change may be a tick itself.
            since, moment, offset = change - SECOND, change, self.zone.offset(change)

    def _walls_after(self, wall: datetime) -> Iterator[datetime]:
        if self.cron is not None:
            yield from self.cron.walls_after(wall)
        raise ScheduleInvalid("the schedule has no further tick within fifty years")
