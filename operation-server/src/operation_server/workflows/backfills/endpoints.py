"""Routes to run for ticks of the past."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.workflows.backfills.schemas import (
    BackfillCreate,
    BackfillList,
    BackfillPlan,
    BackfillRead,
)
from operation_server.workflows.backfills.service import BackfillService
from operation_server.workflows.places import WorkflowId
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(tags=["workflows"], route_class=StrictJSONRoute)
Number = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[2])]
PLANNED: dict[int | str, dict[str, Any]] = {200: {"model": BackfillPlan, "description": "What it would run"}}


@router.post(
    "/workflows/{workflow_id}/backfills",
    status_code=status.HTTP_201_CREATED,
    response_model=BackfillRead | BackfillPlan,
    responses=PLANNED | problem_responses(401, 403, 404, 409, 413, 422),
)
async def begin_backfill(
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    workflow_id: WorkflowId,
    body: BackfillCreate,
) -> BackfillRead | BackfillPlan:
    """Run for ticks of the past, a few at a time; with `dry_run` say which, and begin nothing."""
    if body.dry_run:
        response.status_code = status.HTTP_200_OK
        return await services[BackfillService].plan(caller, workflow_id, body)
    backfill = await services[BackfillService].begin(caller, workflow_id, body)
    response.headers["Location"] = f"/api/v1/workflows/{workflow_id}/backfills/{backfill.number}"
    return backfill


@router.get("/workflows/{workflow_id}/backfills", responses=problem_responses(401, 403, 404, 422))
async def list_backfills(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, page: PaginationDep
) -> BackfillList:
    """List the backfills of a workflow, newest first."""
    return await services[BackfillService].list_page(caller, workflow_id, skip=page.skip, limit=page.limit)


@router.get("/workflows/{workflow_id}/backfills/{number}", responses=problem_responses(401, 403, 404, 422))
async def read_backfill(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, number: Number
) -> BackfillRead:
    """Show a backfill, and how its runs stand."""
    return await services[BackfillService].get(caller, workflow_id, number)


@router.delete(
    "/workflows/{workflow_id}/backfills/{number}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def cancel_backfill(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, number: Number
) -> None:
    """End a backfill: its runs are cancelled, and of its other ticks nothing is left."""
    await services[BackfillService].cancel(caller, workflow_id, number)
