"""Routes to see and change when workflows run by themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.workflows.places import IfMatch, WorkflowId, revision_of
from operation_server.workflows.schedules.schemas import (
    PreviewCreate,
    PreviewRead,
    ScheduleChange,
    ScheduleRead,
    TickList,
)
from operation_server.workflows.schedules.service import ScheduleService
from satellite.contracts.workflow_schedule import TickFate

router = APIRouter(tags=["workflows"], route_class=StrictJSONRoute)


@router.get("/workflows/{workflow_id}/schedule", responses=problem_responses(401, 403, 404, 422))
async def read_schedule(caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId) -> ScheduleRead:
    """Show when a workflow runs by itself, and its next ticks."""
    return await services[ScheduleService].get(caller, workflow_id)


@router.put(
    "/workflows/{workflow_id}/schedule", responses=problem_responses(401, 403, 404, 409, 412, 413, 422)
)
async def replace_schedule(
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    body: ScheduleChange,
    if_match: IfMatch = None,
) -> ScheduleRead:
    """Let a workflow run by another schedule, from now on and without a deployment."""
    return await services[ScheduleService].replace(caller, workflow_id, body, revision=revision_of(if_match))


@router.post(
    "/workflows/{workflow_id}/schedule/preview", responses=problem_responses(401, 403, 404, 413, 422)
)
async def preview_schedule(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, body: PreviewCreate
) -> PreviewRead:
    """Show the ticks that a schedule would have, with what changes of the clock do to them."""
    return await services[ScheduleService].preview(caller, workflow_id, body)


@router.get("/workflows/{workflow_id}/ticks", responses=problem_responses(401, 403, 404, 422))
async def list_ticks(
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    page: PaginationDep,
    fate: Annotated[TickFate | None, Query(description="Only those of which this became.")] = None,
) -> TickList:
    """List what became of each tick, newest first. What has no run is forgotten after 90 days."""
    return await services[ScheduleService].list_ticks(
        caller, workflow_id, fate=fate, skip=page.skip, limit=page.limit
    )


@router.post("/workflows/{workflow_id}/pause", responses=problem_responses(401, 403, 404, 409, 422))
async def pause_workflow(caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId) -> ScheduleRead:
    """Let ticks come to nothing until it is resumed. Runs that were begun go on."""
    return await services[ScheduleService].set_active(caller, workflow_id, is_active=False)


@router.post("/workflows/{workflow_id}/resume", responses=problem_responses(401, 403, 404, 409, 422))
async def resume_workflow(caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId) -> ScheduleRead:
    """Let the next tick begin a run again. Those that came meanwhile are not made up for."""
    return await services[ScheduleService].set_active(caller, workflow_id, is_active=True)
