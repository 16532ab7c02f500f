"""Shows and changes the schedules of workflows."""

from __future__ import annotations

from typing import Final

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.workflows import changes
from operation_server.workflows.access import find_visible
from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.fault import schedule_fault
from operation_server.workflows.schedules.preview import preview
from operation_server.workflows.schedules.repository import shown
from operation_server.workflows.schedules.schemas import (
    PreviewCreate,
    PreviewedTickRead,
    PreviewRead,
    ScheduleRead,
    TickList,
    TickRead,
)
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule
from satellite.contracts.workflow_schedule import TickFate

NEXT_SHOWN: Final = 5


class ScheduleService:
    """Schedules of the caller's workflows; methods raise what `workflows.access` says."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def get(self, caller: Account, workflow_id: int) -> ScheduleRead:
        """Return the schedule of a workflow."""
        async with self._connections.connect() as connection:
            return await _read(connection, caller, workflow_id)

    async def replace(
        self, caller: Account, workflow_id: int, schedule: Schedule, *, revision: int | None
    ) -> ScheduleRead:
        """Let a workflow have another schedule, at once.

        Raises:
            ScheduleInvalid: nobody can mean it.
        """
        fault = schedule_fault(schedule)
        if fault is not None:
            raise ScheduleInvalid(fault)
        column = {"schedule": schedule.model_dump(mode="json", exclude_defaults=True)}
        async with self._connections.begin() as connection:
            await changes.change(connection, caller, workflow_id, column, revision=revision)
            return await _read(connection, caller, workflow_id)

    async def preview(self, caller: Account, workflow_id: int, request: PreviewCreate) -> PreviewRead:
        """Return the ticks that a workflow would have by a schedule.

        Raises:
            ScheduleInvalid: nobody can mean it.
        """
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            state = await shown.find(connection, workflow_id)
        ticks = Ticks(request.schedule(), anchor=state.now)
        found = preview(ticks, after=request.after or state.now, count=request.count)
        return PreviewRead(ticks=[PreviewedTickRead.of(tick) for tick in found])

    async def list_ticks(
        self, caller: Account, workflow_id: int, *, fate: TickFate | None, skip: int, limit: int
    ) -> TickList:
        """Return a page of what became of the ticks of a workflow, newest first."""
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            total, rows = await shown.list_ticks(connection, workflow_id, fate=fate, skip=skip, limit=limit)
        return TickList(total=total, items=[TickRead(**row._asdict()) for row in rows])

    async def set_active(self, caller: Account, workflow_id: int, *, is_active: bool) -> ScheduleRead:
        """Pause a workflow or let it go on; twice changes nothing."""
        async with self._connections.begin() as connection:
            workflow = await find_visible(connection, caller, workflow_id)
            if workflow.is_active != is_active:
                stated = {"is_active": is_active}
                await changes.change(connection, caller, workflow_id, stated, revision=None)
            return await _read(connection, caller, workflow_id)


async def _read(connection: AsyncConnection, caller: Account, workflow_id: int) -> ScheduleRead:
    workflow = await find_visible(connection, caller, workflow_id)
    state = await shown.find(connection, workflow_id)
    schedule = None if workflow.schedule is None else Schedule.model_validate(workflow.schedule)
    is_deployed = workflow.deployed_version is not None
    ticks, fault = [], state.fault
    if schedule is not None and is_deployed and workflow.is_active:
        try:
            ticks = preview(Ticks(schedule, anchor=state.anchor), after=state.now, count=NEXT_SHOWN)
        except ScheduleInvalid as error:
            fault = str(error)
    return ScheduleRead(
        workflow_id=workflow_id,
        schedule=schedule,
        is_active=workflow.is_active,
        is_deployed=is_deployed,
        next_ticks=[PreviewedTickRead.of(tick) for tick in ticks],
        fault=fault,
    )
