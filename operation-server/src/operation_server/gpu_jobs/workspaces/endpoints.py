"""Routes to what jobs have on clusters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.files.endpoints import DOWNLOAD_ANSWERS, IfRange, WantedRange, download_response
from operation_server.gpu_jobs.workspaces.schemas import JobFileList, MetricSeriesList, WorkspaceList
from operation_server.gpu_jobs.workspaces.service import WorkspaceService
from operation_server.jobs.endpoints import JobId
from operation_server.problems import problem_responses
from satellite.contracts.attempt_files import LONGEST_ARTIFACT_NAME

router = APIRouter(tags=["gpu-jobs"])

FilePath = Annotated[str, Path(max_length=LONGEST_ARTIFACT_NAME, examples=["metrics.json"])]


@router.get("/jobs/{job_id}/files", responses=problem_responses(401, 403, 404, 422))
async def list_job_files(caller: CallerDep, services: ServicesDep, job_id: JobId) -> JobFileList:
    """List the files of a job: what is stored, and what its cluster was last seen to have besides."""
    return await services[WorkspaceService].list_files(caller, job_id)


@router.get(
    "/jobs/{job_id}/files/{name:path}",
    response_class=StreamingResponse,
    responses=DOWNLOAD_ANSWERS | problem_responses(401, 403, 404, 416, 422, 503),
)
async def read_job_file(
    *,
    caller: CallerDep,
    services: ServicesDep,
    job_id: JobId,
    name: FilePath,
    wanted: WantedRange = None,
    if_range: IfRange = None,
) -> StreamingResponse:
    """Send a stored file of a job, or the part that `Range` asks for."""
    return download_response(
        await services[WorkspaceService].open(caller, job_id, name, wanted=wanted, if_range=if_range)
    )


@router.get("/jobs/{job_id}/workspace", responses=problem_responses(401, 403, 404, 422))
async def read_workspace(caller: CallerDep, services: ServicesDep, job_id: JobId) -> WorkspaceList:
    """Show where a job's folders lie on clusters, and how long they stay."""
    return await services[WorkspaceService].list_folders(caller, job_id)


@router.get("/jobs/{job_id}/metrics", responses=problem_responses(401, 403, 404, 422))
async def read_metrics_of_job(caller: CallerDep, services: ServicesDep, job_id: JobId) -> MetricSeriesList:
    """Show the values that a job has written to `metrics.json`, as series."""
    return await services[WorkspaceService].list_series(caller, job_id)
