"""What is wrong with a schedule, told where it is stated."""

from __future__ import annotations

from datetime import UTC, datetime

from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule


def schedule_fault(schedule: Schedule) -> str | None:
    """Return why nobody can mean a schedule, None if somebody can."""
    try:
        Ticks(schedule).after(datetime.now(UTC))
    except ScheduleInvalid as error:
        return str(error)
    return None
