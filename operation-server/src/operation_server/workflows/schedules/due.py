"""Which ticks of a schedule are due, however long nobody has looked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from operation_server.workflows.schedules.ticks import Ticks

WITHIN: Final = timedelta(hours=24)
"""Older ticks are missed, whatever the catchup says."""
MOST: Final = 100
"""So many of them are made up for; those before are missed too."""
INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTicks:
    """Ticks that have come, and the one after them."""

    ticks: list[datetime]
    """The newest, in order."""
    missed: tuple[datetime, datetime] | None
    """The first and the last of those before."""
    next_at: datetime


def find_due(ticks: Ticks, *, since: datetime, now: datetime) -> DueTicks:
    """Return the ticks from `since`, the first that nobody has looked at, until now.

    Raises:
        ScheduleInvalid: there is no tick after them.
    """
    newest = deque(ticks.between(max(since - INSTANT, now - WITHIN), now), MOST)
    end_of_missed = ticks.before(newest[0] if newest else now + INSTANT)
    is_missed = end_of_missed is not None and end_of_missed >= since
    return DueTicks(
        ticks=list(newest),
        missed=(since, end_of_missed) if is_missed and end_of_missed is not None else None,
        next_at=ticks.after(now),
    )
