"""What a cron expression says: which times of a wall clock it means, in no zone and with no summer time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cronsim import CronSim, CronSimError

from operation_server.workflows.schedules.errors import ScheduleInvalid

ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
REFUSED: Final = {
    "@once": "what runs once is triggered, not scheduled",
    "@continuous": "say with every_s how often a run begins, and with overlap what if one takes longer",
    "@reboot": "a workflow has no machine that starts; what runs once is triggered",
}
FIELDS: Final = 5
TRIED_FROM: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock has no zone.


class Cron:
    """A cron expression of five fields, or an alias."""

    def __init__(self, stated: str) -> None:
        """Understand an expression.

        Raises:
            ScheduleInvalid: nobody can mean it.
        """
        self.fields = _fields_of(stated.strip())
        minute, hour = self.fields.split()[:2]
        self.is_in_real_time = minute.startswith("*") or hour.startswith("*")
        """Whether it means a rhythm rather than times of the day, and goes on when clocks are changed."""
        if next(self.walls_after(TRIED_FROM), None) is None:
            raise ScheduleInvalid(f"{stated!r} names no day that there is")

    def walls_after(self, wall: datetime) -> Iterator[datetime]:
        """Yield the times of the clock after one, in order; none after fifty years without any."""
        return CronSim(self.fields, wall)

    def walls_before(self, wall: datetime) -> Iterator[datetime]:
        """Yield the times of the clock before one, the latest first; none after fifty years without any."""
        return CronSim(self.fields, wall, reverse=True)


def _fields_of(stated: str) -> str:
    alias = stated.lower()
    if alias in REFUSED:
        raise ScheduleInvalid(f"{stated} is no schedule: {REFUSED[alias]}")
    if alias.startswith("@") and alias not in ALIASES:
        raise ScheduleInvalid(f"{stated!r} is none of {', '.join(ALIASES)}")
    fields = ALIASES.get(alias, stated)
    if len(fields.split()) != FIELDS:
        told = "minute, hour, day of month, month, day of week"
        raise ScheduleInvalid(f"{stated!r} has {len(fields.split())} fields instead of five: {told}")
    try:
        CronSim(fields, TRIED_FROM)
    except CronSimError as error:
        raise ScheduleInvalid(f"{stated!r} is no schedule: {str(error).lower()}") from error
    return fields
