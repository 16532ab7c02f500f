"""What the client does with schedules of workflows, and with ticks of the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.models import Page
from satellite.client.reading import check_request
from satellite.client.schedule_models import Backfill, BackfillPlan, NextTick, ScheduleState, Tick


class ScheduleCalls(Connection):
    """The part of the clients about schedules."""

    @Call
    def get_schedule(self, workflow_id: int) -> Flow[ScheduleState]:
        """Return when a workflow runs by itself, and its next ticks."""
        return ask(ScheduleState, "GET", f"/workflows/{workflow_id}/schedule")

    @Call
    def replace_schedule(self, workflow_id: int, schedule: Mapping[str, Any]) -> Flow[ScheduleState]:
        """Let a workflow run by another schedule, from now on and without a deployment."""
        check_request(schedule)
        return ask(ScheduleState, "PUT", f"/workflows/{workflow_id}/schedule", body=schedule)

    @Call
    def preview_schedule(
        self, workflow_id: int, schedule: Mapping[str, Any], *, count: int = 10
    ) -> Flow[list[NextTick]]:
        """Return the next ticks that a schedule would have."""
        body = {**schedule, "count": count}
        check_request(body)
        path = f"/workflows/{workflow_id}/schedule/preview"
        found = yield from ask(dict[str, list[NextTick]], "POST", path, body=body, is_repeatable=True)
        return found["ticks"]

    @Call
    def list_ticks(
        self, workflow_id: int, *, fate: str | None = None, skip: int = 0, limit: int = 100
    ) -> Flow[Page[Tick]]:
        """List what became of the ticks of a workflow, newest first."""
        query = {"fate": fate, "skip": skip, "limit": limit}
        return ask(Page[Tick], "GET", f"/workflows/{workflow_id}/ticks", params=query)

    @Call
    def pause_workflow(self, workflow_id: int) -> Flow[ScheduleState]:
        """Let ticks come to nothing until the workflow is resumed; runs that were begun go on."""
        return ask(ScheduleState, "POST", f"/workflows/{workflow_id}/pause", is_repeatable=True)

    @Call
    def resume_workflow(self, workflow_id: int) -> Flow[ScheduleState]:
        """Let the next tick begin a run again; those that came meanwhile are not made up for."""
        return ask(ScheduleState, "POST", f"/workflows/{workflow_id}/resume", is_repeatable=True)

    @Call
    def backfill(
        self,
        workflow_id: int,
        start: datetime,
        end: datetime,
        *,
        scope: str = "missing",
        reverse: bool = False,
        max_active: int = 1,
        version: int | None = None,
    ) -> Flow[Backfill]:
        """Run for the ticks from `start` to `end`, `max_active` at once; `plan_backfill` tells which."""
        body = _backfill(start, end, scope=scope, reverse=reverse, max_active=max_active, version=version)
        return ask(Backfill, "POST", f"/workflows/{workflow_id}/backfills", body=body)

    @Call
    def plan_backfill(
        self,
        workflow_id: int,
        start: datetime,
        end: datetime,
        *,
        scope: str = "missing",
        reverse: bool = False,
        version: int | None = None,
    ) -> Flow[BackfillPlan]:
        """Return what a backfill would run, and begin nothing."""
        body = _backfill(start, end, scope=scope, reverse=reverse, version=version, dry_run=True)
        path = f"/workflows/{workflow_id}/backfills"
        return ask(BackfillPlan, "POST", path, body=body, is_repeatable=True)

    @Call
    def get_backfill(self, workflow_id: int, number: int) -> Flow[Backfill]:
        """Return a backfill and how its runs stand."""
        return ask(Backfill, "GET", f"/workflows/{workflow_id}/backfills/{number}")

    @Call
    def list_backfills(self, workflow_id: int, *, skip: int = 0, limit: int = 100) -> Flow[Page[Backfill]]:
        """List the backfills of a workflow, newest first."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[Backfill], "GET", f"/workflows/{workflow_id}/backfills", params=query)

    @Call
    def cancel_backfill(self, workflow_id: int, number: int) -> Flow[None]:
        """End a backfill: its runs are cancelled, and of its other ticks nothing is left."""
        return tell("DELETE", f"/workflows/{workflow_id}/backfills/{number}")


def _backfill(start: datetime, end: datetime, **stated: Any) -> dict[str, Any]:
    given = {name: value for name, value in stated.items() if value is not None}
    body = {"start": start.isoformat(), "end": end.isoformat(), **given}
    check_request(body)
    return body
