"""Routes to make, change and deploy workflows and their tasks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.settings import DagStyle
from operation_server.workflows.backfills import endpoints as backfills
from operation_server.workflows.deploying.service import DeploymentService
from operation_server.workflows.differing import WorkflowDifference
from operation_server.workflows.places import IfMatch, TaskId, VersionNumber, WorkflowId, etag, revision_of
from operation_server.workflows.runs import endpoints as runs
from operation_server.workflows.schedules import endpoints as schedules
from operation_server.workflows.schemas import (
    Deployed,
    TaskChange,
    TaskCreate,
    TaskRead,
    VersionList,
    WorkflowChange,
    WorkflowCreate,
    WorkflowDetail,
    WorkflowList,
)
from operation_server.workflows.service import WorkflowService
from satellite.contracts import numbers
from satellite.contracts.json_text import write_json
from satellite.contracts.workflow import WorkflowDefinition

router = APIRouter(tags=["workflows"], route_class=StrictJSONRoute)

DAG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/x-python": {"example": "from airflow.sdk import DAG\n"}}}
}


@router.post(
    "/workflows",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(401, 403, 409, 413, 422, 503),
)
async def create_workflow(
    caller: CallerDep, services: ServicesDep, response: Response, body: WorkflowCreate
) -> WorkflowDetail:
    """Make a workflow. Nothing of it runs before it is deployed."""
    workflow = await services[WorkflowService].create(caller, body)
    response.headers["Location"] = f"/api/v1/workflows/{workflow.id}"
    response.headers["ETag"] = etag(workflow.revision)
    return workflow


@router.get("/workflows", responses=problem_responses(401, 403, 422))
async def list_workflows(
    caller: CallerDep,
    services: ServicesDep,
    page: PaginationDep,
    name: Annotated[str | None, Query(max_length=200, description="Only of this name.")] = None,
) -> WorkflowList:
    """List workflows, newest first: the caller's own, for admins all."""
    return await services[WorkflowService].list_page(caller, name=name, skip=page.skip, limit=page.limit)


@router.get("/workflows/{workflow_id}", responses=problem_responses(401, 403, 404, 422))
async def read_workflow(
    caller: CallerDep, services: ServicesDep, response: Response, workflow_id: WorkflowId
) -> WorkflowDetail:
    """Show a workflow and its tasks as they are being edited."""
    workflow = await services[WorkflowService].get(caller, workflow_id)
    response.headers["ETag"] = etag(workflow.revision)
    return workflow


@router.put("/workflows/{workflow_id}", responses=problem_responses(401, 403, 404, 409, 412, 413, 422))
async def change_workflow(
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    workflow_id: WorkflowId,
    *,
    body: WorkflowChange,
    if_match: IfMatch = None,
) -> WorkflowDetail:
    """Change a workflow; what is left out stays. What runs is what was deployed."""
    workflow = await services[WorkflowService].change(
        caller, workflow_id, body, revision=revision_of(if_match)
    )
    response.headers["ETag"] = etag(workflow.revision)
    return workflow


@router.delete(
    "/workflows/{workflow_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409, 412, 422),
)
async def delete_workflow(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, if_match: IfMatch = None
) -> None:
    """Delete a workflow; its runs can still be seen. While one has not ended: 409."""
    await services[WorkflowService].delete(caller, workflow_id, revision=revision_of(if_match))


@router.get(
    "/workflows/{workflow_id}/definition",
    response_model=WorkflowDefinition,
    responses=problem_responses(401, 403, 404, 422),
)
async def read_definition(caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId) -> Any:
    """Show a workflow as one document, which `PUT` takes."""
    document, revision = await services[WorkflowService].definition(caller, workflow_id)
    return _document(document, revision)


@router.put(
    "/workflows/{workflow_id}/definition",
    response_model=WorkflowDefinition,
    responses=problem_responses(401, 403, 404, 409, 412, 413, 422),
)
async def replace_definition(
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    body: WorkflowDefinition,
    if_match: IfMatch = None,
) -> Any:
    """Replace a workflow and all its tasks by a document."""
    document, revision = await services[WorkflowService].replace(
        caller, workflow_id, body, revision=revision_of(if_match)
    )
    return _document(document, revision)


@router.post(
    "/workflows/{workflow_id}/deploy", responses=problem_responses(401, 403, 404, 409, 412, 422, 503)
)
async def deploy_workflow(caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId) -> Deployed:
    """Make the draft the version that runs from now on, or say all that is wrong with it by task and line."""
    return await services[DeploymentService].deploy(caller, workflow_id)


@router.get(
    "/workflows/{workflow_id}/airflow",
    response_class=Response,
    responses=DAG_ANSWER | problem_responses(401, 403, 404, 409, 422),
)
async def export_dag(
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    style: Annotated[
        DagStyle, Query(description="Who runs the tasks: Satellite, or Airflow.")
    ] = DagStyle.MIRROR,
) -> Response:
    """Show what is deployed as the file of a DAG of Airflow."""
    text = await services[WorkflowService].dag(caller, workflow_id, style)
    return Response(
        text, media_type="text/x-python; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
    )


@router.get("/workflows/{workflow_id}/versions", responses=problem_responses(401, 403, 404, 422))
async def list_workflow_versions(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, page: PaginationDep
) -> VersionList:
    """List the versions of a workflow, newest first."""
    return await services[WorkflowService].list_versions(
        caller, workflow_id, skip=page.skip, limit=page.limit
    )


@router.get(
    "/workflows/{workflow_id}/versions/{version}",
    response_model=WorkflowDefinition,
    responses=problem_responses(401, 403, 404, 422),
)
async def read_workflow_version(
    caller: CallerDep, services: ServicesDep, workflow_id: WorkflowId, version: VersionNumber
) -> Any:
    """Show a version as one document."""
    return _document(await services[WorkflowService].version(caller, workflow_id, version))


@router.get(
    "/workflows/{workflow_id}/versions/{version}/diff", responses=problem_responses(401, 403, 404, 422)
)
async def compare_workflow_version(
    *,
    caller: CallerDep,
    services: ServicesDep,
    workflow_id: WorkflowId,
    version: VersionNumber,
    against: Annotated[
        int | None,
        Query(ge=1, le=numbers.LARGEST_ID, description="Another version; the draft unless given."),
    ] = None,
) -> WorkflowDifference:
    """Show what differs between a version and another one, or the draft, field by field."""
    return await services[WorkflowService].difference(caller, workflow_id, version, against=against)


@router.post(
    "/tasks",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(401, 403, 404, 409, 413, 422),
)
async def create_task(
    caller: CallerDep, services: ServicesDep, response: Response, body: TaskCreate
) -> TaskRead:
    """Add a task to a workflow. What it depends on may come later."""
    task = await services[WorkflowService].add_task(caller, body)
    response.headers["Location"] = f"/api/v1/tasks/{task.id}"
    return task


@router.get("/tasks/{task_id}", responses=problem_responses(401, 403, 404, 422))
async def read_task(caller: CallerDep, services: ServicesDep, task_id: TaskId) -> TaskRead:
    """Show a task."""
    return await services[WorkflowService].get_task(caller, task_id)


@router.put("/tasks/{task_id}", responses=problem_responses(401, 403, 404, 409, 412, 413, 422))
async def change_task(
    caller: CallerDep,
    services: ServicesDep,
    task_id: TaskId,
    body: TaskChange,
    if_match: IfMatch = None,
) -> TaskRead:
    """Change a task; what is left out stays. Under a new name it is still what others depend on."""
    return await services[WorkflowService].change_task(caller, task_id, body, revision=revision_of(if_match))


@router.delete(
    "/tasks/{task_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 412, 422),
)
async def delete_task(
    caller: CallerDep, services: ServicesDep, task_id: TaskId, if_match: IfMatch = None
) -> None:
    """Remove a task from its workflow."""
    await services[WorkflowService].delete_task(caller, task_id, revision=revision_of(if_match))


router.include_router(runs.router)
router.include_router(schedules.router)
router.include_router(backfills.router)


def _document(document: dict[str, Any], revision: int | None = None) -> Response:
    headers = {} if revision is None else {"ETag": etag(revision)}
    return Response(write_json(document), media_type="application/json", headers=headers)
