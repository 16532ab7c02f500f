"""Typed answers about schedules, ticks and backfills of workflows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from satellite.client.models import Answer


class NextTick(Answer):
    """A tick that will come; `local` is the same on the clock of its zone, `note` what that does to it."""

    at: datetime
    local: datetime
    note: str | None = None


class ScheduleState(Answer):
    """When a workflow runs by itself; `fault` is why its ticks come to nothing."""

    workflow_id: int
    schedule: dict[str, Any] | None = None
    is_active: bool
    is_deployed: bool
    next_ticks: list[NextTick] = Field(default_factory=list)
    fault: str | None = None


class Tick(Answer):
    """What became of a tick, or of all from `scheduled_for` to `through`."""

    scheduled_for: datetime
    through: datetime | None = None
    fate: str
    run_id: int | None = None
    run_status: str | None = None
    decided_at: datetime


class PlannedTick(Answer):
    """A tick in the range of a backfill; `left_out` is why it is not run for."""

    scheduled_for: datetime
    left_out: str | None = None


class BackfillPlan(Answer):
    """What a backfill would run: `total` runs, for these ticks of its range."""

    version: int
    total: int
    ticks: list[PlannedTick] = Field(default_factory=list)


class Backfill(Answer):
    """A backfill, and how far it is; `fault` is why it does not go on."""

    workflow_id: int
    number: int
    version: int
    start: datetime
    end: datetime
    scope: str
    reverse: bool = False
    max_active: int = 1
    status: str
    fault: str | None = None
    total: int
    pending: int = 0
    open: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    created_at: datetime
    ended_at: datetime | None = None
