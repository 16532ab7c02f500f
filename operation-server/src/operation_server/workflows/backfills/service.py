"""Begins, shows and cancels backfills."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from operation_server.accounts.access import require_plugins
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.jobs.after_commit import AfterCommit
from operation_server.problems import Violation
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workflows import repository as workflows
from operation_server.workflows.access import find_visible, lock_own
from operation_server.workflows.backfills.advancing import cancel
from operation_server.workflows.backfills.errors import BackfillInvalid, BackfillNotFound
from operation_server.workflows.backfills.planning import PlannedTick, plan
from operation_server.workflows.backfills.repository import advancing, shown
from operation_server.workflows.backfills.schemas import (
    BackfillCreate,
    BackfillList,
    BackfillPlan,
    BackfillRead,
    PlannedTickRead,
)
from operation_server.workflows.errors import WorkflowNotDeployed, WorkflowVersionNotFound
from operation_server.workflows.schedules.due import INSTANT
from operation_server.workflows.schedules.repository.shown import find as find_followed
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule

TICKS_MAX: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a backfill would be of: a version, and the ticks of its range."""

    version: AnyRow
    schedule: Schedule
    anchor: datetime
    ticks: list[datetime]


class BackfillService:
    """Backfills of the caller's workflows; methods raise what `workflows.access` says."""

    def __init__(self, connections: Connections, *, after_commit: AfterCommit) -> None:
        self._connections = connections
        self._after_commit = after_commit

    async def plan(self, caller: Account, workflow_id: int, request: BackfillCreate) -> BackfillPlan:
        """Return what a backfill would run.

        Raises:
            BackfillInvalid, WorkflowNotDeployed, WorkflowVersionNotFound: it could not begin.
        """
        wanted = await self._wanted(caller, workflow_id, request)
        async with self._connections.connect() as connection:
            planned = await _plan(connection, workflow_id, request, wanted)
        ordered = reversed(planned) if request.reverse else planned
        return BackfillPlan(
            version=wanted.version.version,
            total=sum(tick.left_out is None for tick in planned),
            ticks=[PlannedTickRead(**tick._asdict()) for tick in ordered],
        )

    async def begin(self, caller: Account, workflow_id: int, request: BackfillCreate) -> BackfillRead:
        """Begin a backfill and return it; its runs follow, a few at a time.

        Raises:
            BackfillInvalid, WorkflowNotDeployed, WorkflowVersionNotFound: it cannot.
        """
        require_plugins(caller, ["a workflow"])
        wanted = await self._wanted(caller, workflow_id, request)
        async with self._connections.begin() as connection:
            await lock_own(connection, caller, workflow_id)
            planned = await _plan(connection, workflow_id, request, wanted)
            added = await connection.run_sync(
                advancing.add,
                {
                    "workflow_id": workflow_id,
                    "version_id": wanted.version.id,
                    "schedule": wanted.schedule.model_dump_json(),
                    "anchor": wanted.anchor,
                    "range_start": request.start,
                    "range_end": request.end,
                    "scope": request.scope,
                    "is_reverse": request.reverse,
                    "max_active": request.max_active,
                    "created_by": caller.id,
                },
                [tick.scheduled_for for tick in planned if tick.left_out is None],
            )
            stated = request.model_dump(mode="json", exclude={"dry_run"})
            await record(
                connection, caller, Action.START_BACKFILL, workflow_id, number=added.number, **stated
            )
            return await _read(connection, workflow_id, added.number)

    async def get(self, caller: Account, workflow_id: int, number: int) -> BackfillRead:
        """Return a backfill of a workflow.

        Raises:
            BackfillNotFound: it has none of this number.
        """
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            return await _read(connection, workflow_id, number)

    async def list_page(self, caller: Account, workflow_id: int, *, skip: int, limit: int) -> BackfillList:
        """Return a page of the backfills of a workflow, newest first."""
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            total, rows = await shown.list_page(connection, workflow_id, skip=skip, limit=limit)
        return BackfillList(total=total, items=[_shown(row) for row in rows])

    async def cancel(self, caller: Account, workflow_id: int, number: int) -> None:
        """End a backfill and its runs; once it has ended that changes nothing.

        Raises:
            BackfillNotFound: the workflow has none of this number.
        """
        async with self._connections.begin() as connection:
            await lock_own(connection, caller, workflow_id)
            row = await shown.find(connection, workflow_id, number)
            if row is None:
                raise BackfillNotFound(f"Workflow {workflow_id} has no backfill {number}.")
            told = await connection.run_sync(cancel, row.id)
            await record(connection, caller, Action.CANCEL_BACKFILL, workflow_id, number=number)
        self._after_commit.publish(told.entries)
        self._after_commit.signal_cancel(told.cancelling)

    async def _wanted(self, caller: Account, workflow_id: int, request: BackfillCreate) -> Wanted:
        async with self._connections.connect() as connection:
            workflow = await find_visible(connection, caller, workflow_id)
            version = await _find_version(connection, workflow, request.version)
            state = await find_followed(connection, workflow_id)
        schedule = _require_range(request, workflow, now=state.now)
        ticks = Ticks(schedule, anchor=state.anchor)
        of_range = ticks.between(request.start - INSTANT, request.end)
        # Thousands take as long as all other requests together may wait.
        found = await asyncio.to_thread(lambda: list(islice(of_range, TICKS_MAX + 1)))
        if len(found) > TICKS_MAX:
            told = f"the range has more than {TICKS_MAX} ticks; begin several backfills"
            raise BackfillInvalid([Violation("/end", told)])
        return Wanted(version=version, schedule=schedule, anchor=state.anchor, ticks=found)


def _require_range(request: BackfillCreate, workflow: AnyRow, *, now: datetime) -> Schedule:
    if workflow.schedule is None:
        raise BackfillInvalid([Violation("", "the workflow has no schedule whose ticks could be run for")])
    if request.end < request.start:
        raise BackfillInvalid([Violation("/end", "is before the start")])
    if request.end > now:
        raise BackfillInvalid([Violation("/end", "is in the future, for which the schedule itself cares")])
    return Schedule.model_validate(workflow.schedule)


async def _find_version(connection: AsyncConnection, workflow: AnyRow, stated: int | None) -> AnyRow:
    wanted = workflow.deployed_version if stated is None else stated
    if wanted is None:
        raise WorkflowNotDeployed(f"Workflow {workflow.id} was never deployed; deploy it first.")
    version = await workflows.find_version(connection, workflow.id, wanted)
    if version is None:
        raise WorkflowVersionNotFound(f"Workflow {workflow.id} has no version {wanted}.")
    return version


async def _plan(
    connection: AsyncConnection, workflow_id: int, request: BackfillCreate, wanted: Wanted
) -> list[PlannedTick]:
    of_range = (workflow_id, request.start, request.end)
    states = await connection.run_sync(advancing.run_states, *of_range)
    pending = await connection.run_sync(advancing.pending_elsewhere, *of_range)
    return plan(wanted.ticks, request.scope, states=states, pending=pending)


async def _read(connection: AsyncConnection, workflow_id: int, number: int) -> BackfillRead:
    row = await shown.find(connection, workflow_id, number)
    if row is None:
        raise BackfillNotFound(f"Workflow {workflow_id} has no backfill {number}.")
    return _shown(row)


def _shown(row: AnyRow) -> BackfillRead:
    return BackfillRead(**row._asdict(), start=row.range_start, end=row.range_end, reverse=row.is_reverse)
