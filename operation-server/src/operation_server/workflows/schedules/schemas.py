"""Schedules and their ticks as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from operation_server.workflows.schedules.moments import Moment
from operation_server.workflows.schedules.preview import PreviewedTick
from satellite.contracts.numbers import NUMBER
from satellite.contracts.workflow import Schedule
from satellite.contracts.workflow_schedule import TickFate

SHOWN_MAX: Final = 100

SCHEDULE: dict[str, Any] = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}
PREVIEWED: dict[str, Any] = {
    "at": "2026-03-29T01:00:00Z",
    "local": "2026-03-29T03:00:00+02:00",
    "note": "the clock is put forward over 02:30 that day: the run starts straight after",
}
STATE: dict[str, Any] = {
    "workflow_id": 7,
    "schedule": SCHEDULE | {"every_s": None, "catchup": "latest", "overlap": "queue_one"},
    "is_active": True,
    "is_deployed": True,
    "next_ticks": [PREVIEWED],
    "fault": None,
}
TICK: dict[str, Any] = {
    "scheduled_for": "2026-01-02T01:30:00Z",
    "through": None,
    "fate": "ran",
    "run_id": 43,
    "run_status": "completed",
    "decided_at": "2026-01-02T01:30:00.021Z",
}


class ScheduleChange(Schedule):
    """The schedule that a workflow is to have."""

    model_config = ConfigDict(json_schema_extra={"examples": [SCHEDULE]})


class PreviewCreate(Schedule):
    """A schedule to look at."""

    model_config = ConfigDict(json_schema_extra={"examples": [SCHEDULE | {"count": 3}]})

    count: Annotated[int, Field(ge=1, le=SHOWN_MAX), NUMBER] = 10
    after: Moment | None = Field(default=None, description="Ticks after this; by default now.")

    def schedule(self) -> Schedule:
        """Return the schedule alone."""
        return Schedule(**self.model_dump(exclude={"count", "after"}))


class PreviewedTickRead(BaseModel):
    """A tick that will come."""

    model_config = ConfigDict(json_schema_extra={"examples": [PREVIEWED]})

    at: datetime
    local: datetime = Field(description="The same on the clock of the schedule's zone.")
    note: str | None = Field(description="What a change of that clock does to it.")

    @classmethod
    def of(cls, tick: PreviewedTick) -> PreviewedTickRead:
        """Return a tick as answers show it."""
        return cls(**tick._asdict())


class PreviewRead(BaseModel):
    """The next ticks of a schedule."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ticks": [PREVIEWED]}]})

    ticks: list[PreviewedTickRead]


class ScheduleRead(BaseModel):
    """The schedule of a workflow, and when it ticks next."""

    model_config = ConfigDict(json_schema_extra={"examples": [STATE]})

    workflow_id: int
    schedule: Schedule | None
    is_active: bool = Field(description="False while the workflow is paused.")
    is_deployed: bool = Field(description="What was never deployed has no ticks.")
    next_ticks: list[PreviewedTickRead] = Field(description="Empty unless runs will be begun.")
    fault: str | None = Field(description="Why ticks come to nothing.")


class TickRead(BaseModel):
    """What became of a tick."""

    model_config = ConfigDict(json_schema_extra={"examples": [TICK]})

    scheduled_for: datetime
    through: datetime | None = Field(description="If it stands for more than one tick: the last of them.")
    fate: TickFate
    run_id: int | None = Field(description="The newest run for it.")
    run_status: str | None
    decided_at: datetime


class TickList(BaseModel):
    """A page of ticks, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [TICK]}]})

    total: int
    items: list[TickRead]
