"""Routes to what jobs have written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import CallerDep
from operation_server.artifacts.schemas import ArtifactList
from operation_server.artifacts.service import ArtifactService
from operation_server.dependencies import ServicesDep
from operation_server.files.endpoints import DOWNLOAD_ANSWERS, IfRange, WantedRange, download_response
from operation_server.jobs.endpoints import JobId
from operation_server.problems import problem_responses
from satellite.contracts.attempt_files import LONGEST_ARTIFACT_NAME

router = APIRouter(tags=["jobs"])

ArtifactName = Annotated[str, Path(max_length=LONGEST_ARTIFACT_NAME, examples=["charts/one.png"])]


@router.get("/jobs/{job_id}/artifacts", responses=problem_responses(401, 403, 404, 422))
async def list_artifacts(caller: CallerDep, services: ServicesDep, job_id: JobId) -> ArtifactList:
    """List the files that a job has written, once it has completed."""
    return await services[ArtifactService].list_all(caller, job_id)


@router.get(
    "/jobs/{job_id}/artifacts/{name:path}",
    response_class=StreamingResponse,
    responses=DOWNLOAD_ANSWERS | problem_responses(401, 403, 404, 416, 422, 503),
)
async def read_artifact(
    *,
    caller: CallerDep,
    services: ServicesDep,
    job_id: JobId,
    name: ArtifactName,
    wanted: WantedRange = None,
    if_range: IfRange = None,
) -> StreamingResponse:
    """Send a file that a job has written, or the part that `Range` asks for."""
    return download_response(
        await services[ArtifactService].open(caller, job_id, name, wanted=wanted, if_range=if_range)
    )
