"""Routes to begin runs, and to see and decide what hangs on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.jobs.endpoints import IdempotencyKey, Prefer
from operation_server.jobs.preferences import wait_seconds
from operation_server.jobs.schemas import JobRead, RunRead
from operation_server.jobs.service import JobService
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.workflows.places import TaskId, TaskName, WorkflowId
from operation_server.workflows.runs.restart_service import RestartService
from operation_server.workflows.runs.schemas import (
    ApprovalCreate,
    RestartCreate,
    RestartRead,
    RunGraph,
    StepList,
    TriggerCreate,
    XComList,
)
from operation_server.workflows.runs.service import RunService
from operation_server.workflows.trying import TryCreate, TryService
from satellite.contracts.numbers import LARGEST_ID
from satellite.contracts.workflow_run import StepStatus

router = APIRouter(tags=["workflows"], route_class=StrictJSONRoute)

RunId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[43])]


@router.post(
    "/jobs/trigger/{workflow_id}",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=RunRead,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def trigger_workflow(
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    body: TriggerCreate | None = None,
    *,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Begin a run of a workflow's deployed version. It is stored when this answers 202."""
    run, is_replayed = await services[RunService].trigger(
        caller, workflow_id, body or TriggerCreate(), idempotency_key=idempotency_key
    )
    headers = {"Location": f"/api/v1/jobs/{run.id}"}
    if is_replayed:
        headers["Idempotent-Replay"] = "true"
    wait_s = wait_seconds(prefer)
    if wait_s is not None:
        headers["Preference-Applied"] = f"wait={wait_s}"
        if not run.status.is_terminal:
            run = await services[JobService].wait_submitted(caller, run, timeout_s=wait_s)
    is_finished = run.status.is_terminal and wait_s is not None
    return Response(
        run.text, status_code=200 if is_finished else 202, media_type="application/json", headers=headers
    )


@router.post(
    "/tasks/{task_id}/try",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problem_responses(400, 401, 403, 404, 409, 422, 503),
)
async def try_task(
    caller: CallerDep,
    services: ServicesDep,
    task_id: TaskId,
    body: TryCreate | None = None,
    *,
    prefer: Prefer = None,
) -> Response:
    """Run a task of a draft alone, as a job like any other, with results of the tasks before it as stated."""
    submission = await services[TryService].submit(caller, task_id, body or TryCreate())
    job, wait_s = submission.document, wait_seconds(prefer)
    if wait_s is not None:
        job = await services[JobService].wait_submitted(caller, job, timeout_s=wait_s)
    return Response(
        job.text,
        status_code=200 if job.status.is_terminal else 202,
        media_type="application/json",
        headers={"Location": f"/api/v1/jobs/{job.id}"},
    )


@router.get("/runs/{run_id}/graph", responses=problem_responses(401, 403, 404, 422))
async def read_graph(caller: CallerDep, services: ServicesDep, run_id: RunId) -> RunGraph:
    """Show the graph of a run with how far each task is."""
    return await services[RunService].graph(caller, run_id)


@router.get("/runs/{run_id}/steps", responses=problem_responses(401, 403, 404, 422))
async def list_steps(
    caller: CallerDep,
    services: ServicesDep,
    run_id: RunId,
    page: PaginationDep,
    *,
    task: Annotated[str | None, Query(max_length=100)] = None,
    step_status: Annotated[StepStatus | None, Query(alias="status")] = None,
) -> StepList:
    """List the steps of a run, by task and place."""
    return await services[RunService].list_steps(
        caller, run_id, task=task, status=step_status, skip=page.skip, limit=page.limit
    )


@router.get("/runs/{run_id}/xcoms", responses=problem_responses(401, 403, 404, 422))
async def list_xcoms(
    caller: CallerDep,
    services: ServicesDep,
    run_id: RunId,
    task: Annotated[str | None, Query(max_length=100)] = None,
) -> XComList:
    """List what the steps of a run have pushed."""
    return await services[RunService].list_xcoms(caller, run_id, task=task)


@router.post(
    "/runs/{run_id}/restart",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def restart_run(
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    run_id: RunId,
    body: RestartCreate | None = None,
) -> RestartRead:
    """Begin a new run that takes over what of this one still holds; with `dry_run` only say what that is."""
    restart = await services[RestartService].restart(caller, run_id, body or RestartCreate())
    if restart.run_id is None:
        response.status_code = status.HTTP_200_OK
    else:
        response.headers["Location"] = f"/api/v1/jobs/{restart.run_id}"
    return restart


@router.post(
    "/runs/{run_id}/approvals/{task_name}",
    response_model=RunRead,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def decide_approval(
    caller: CallerDep, services: ServicesDep, run_id: RunId, task_name: TaskName, body: ApprovalCreate
) -> Response:
    """Approve or reject a task that waits for it; the run goes on at once."""
    run = await services[RunService].decide(caller, run_id, task_name, body)
    return Response(run.text, media_type="application/json")
