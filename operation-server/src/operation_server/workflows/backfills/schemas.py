"""Backfills as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from operation_server.workflows.schedules.moments import Moment
from satellite.contracts.numbers import NUMBER, Id
from satellite.contracts.workflow_schedule import BackfillScope, BackfillStatus

NEW: dict[str, Any] = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-31T23:59:59Z", "scope": "missing"}
PLANNED: dict[str, Any] = {"scheduled_for": "2026-01-02T00:00:00Z", "left_out": None}
PLAN: dict[str, Any] = {"version": 3, "total": 1, "ticks": [PLANNED]}
BACKFILL: dict[str, Any] = {
    "workflow_id": 7,
    "number": 2,
    "version": 3,
    **NEW,
    "reverse": False,
    "max_active": 1,
    "status": "running",
    "fault": None,
    "total": 31,
    "pending": 28,
    "open": 1,
    "completed": 2,
    "failed": 0,
    "cancelled": 0,
    "created_by": 1,
    "created_at": "2026-02-01T03:04:05Z",
    "ended_at": None,
}


class BackfillCreate(BaseModel):
    """Ticks of the past to run for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [NEW]})

    start: Moment = Field(description="The first tick is not before this.")
    end: Moment = Field(description="The last tick is not after this, and this not after now.")
    scope: BackfillScope = BackfillScope.MISSING
    reverse: bool = Field(default=False, strict=True, description="The newest tick first.")
    max_active: Annotated[int, Field(ge=1, le=100), NUMBER] = Field(
        default=1, description="Runs of it at once; those of the schedule go first."
    )
    version: Id | None = Field(default=None, description="By default the one that is deployed.")
    dry_run: bool = Field(default=False, strict=True, description="Say what it would run, and begin nothing.")


class PlannedTickRead(BaseModel):
    """A tick in the range of a backfill."""

    scheduled_for: datetime
    left_out: str | None = Field(description="Why it is not run for.")


class BackfillPlan(BaseModel):
    """What a backfill would run."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN]})

    version: int
    total: int = Field(description="Runs that it would begin.")
    ticks: list[PlannedTickRead] = Field(
        description="All of its range, in the order in which they would run."
    )


class BackfillRead(BaseModel):
    """A backfill, and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [BACKFILL]})

    workflow_id: int
    number: int
    version: int
    start: datetime
    end: datetime
    scope: BackfillScope
    reverse: bool
    max_active: int
    status: BackfillStatus
    fault: str | None = Field(description="Why it does not go on.")
    total: int = Field(description="Ticks that it runs for, or that it has run for when it was cancelled.")
    pending: int
    open: int
    completed: int
    failed: int
    cancelled: int
    created_by: int
    created_at: datetime
    ended_at: datetime | None


class BackfillList(BaseModel):
    """The backfills of a workflow, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [BACKFILL]}]})

    total: int
    items: list[BackfillRead]
