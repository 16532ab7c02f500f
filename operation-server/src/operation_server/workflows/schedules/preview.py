"""The next ticks of a schedule as people see them, with a note where a change of the clock moves one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from operation_server.workflows.schedules.ticks import Ticks

MINUTE = timedelta(minutes=1)


class PreviewedTick(NamedTuple):
    """A tick in UTC and on the clock of its zone."""

    at: datetime
    local: datetime
    note: str | None


def preview(ticks: Ticks, *, after: datetime, count: int) -> list[PreviewedTick]:
    """Return the next ticks after a moment; fewer than `count` only if there are no more.

    Raises:
        ScheduleInvalid: there is none.
    """
    previewed = []
    for _ in range(count):
        tick = ticks.after(after)
        previewed.append(PreviewedTick(tick, ticks.zone.local(tick), _note(ticks, after, tick)))
        after = tick
    return previewed


def _note(ticks: Ticks, before: datetime, tick: datetime) -> str | None:
    if ticks.cron is None:
        return None
    return _on_rhythm(ticks, before, tick) if ticks.cron.is_in_real_time else _on_time(ticks, tick)


def _on_time(ticks: Ticks, tick: datetime) -> str | None:
    stated, shown = ticks.stated_wall(tick), ticks.zone.wall(tick)
    if shown != stated:
        return f"the clock is put forward over {stated:%H:%M} that day: the run starts straight after"
    if ticks.zone.shows_twice(stated):
        return f"the clock shows {stated:%H:%M} twice that day: the run starts the first time only"
    return None


def _on_rhythm(ticks: Ticks, before: datetime, tick: datetime) -> str | None:
    change = ticks.zone.change_between(before, tick)
    if change is None:
        return None
    moved = ticks.zone.offset(change) - ticks.zone.offset(change - MINUTE)
    direction = "forward" if moved > timedelta() else "back"
    return f"the clock is put {direction} by {abs(moved) // MINUTE} minutes since the tick before"
