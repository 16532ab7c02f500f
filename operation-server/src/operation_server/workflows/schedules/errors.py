"""What can go wrong with schedules."""

from __future__ import annotations

from satellite.errors import SatelliteError


class ScheduleInvalid(SatelliteError):
    """The schedule means nothing; the message says why."""

    code = "schedule_invalid"
