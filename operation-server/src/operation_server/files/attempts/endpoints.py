"""Routes for the workers of attempts."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import count_stranger
from operation_server.dependencies import ServicesDep
from operation_server.files.attempts.service import AttemptFileService
from operation_server.files.digests import parse_content_digest
from operation_server.files.endpoints import (
    DOWNLOAD_ANSWERS,
    UPLOAD_BODY,
    ContentDigest,
    IfRange,
    UploadRoute,
    WantedRange,
    announced_bytes_of,
    download_response,
    media_type_of,
)
from operation_server.problems import problem_responses
from satellite.contracts.attempt_files import GRANT_PARAMETER, LONGEST_ARTIFACT_NAME, Artifact
from satellite.contracts.identity import AttemptKey
from satellite.contracts.numbers import LARGEST_ID

PREFIX: Final = "/attempts/{job_id}/{attempt}/{uid}"
router = APIRouter(tags=["workers"])
artifact_router = APIRouter(tags=["workers"], route_class=UploadRoute)

Grant = Annotated[
    str,
    Query(alias=GRANT_PARAMETER, max_length=200, description="What the worker was sent with the attempt."),
]


async def get_attempt(
    job_id: Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[42])],
    attempt: Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])],
    uid: Annotated[UUID, Path(examples=["6f1c0d8e-2f0b-4a51-9d4e-0b7f5c1f3a52"])],
) -> AttemptKey:
    """Return the attempt that an address names."""
    return AttemptKey(job_id, attempt, uid)


InputId = Annotated[
    str,
    Path(
        max_length=200,
        description="Of a stored file, or `xcoms.TASK` for what a task of the job's run has pushed.",
        examples=["3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"],
    ),
]
ArtifactName = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_ARTIFACT_NAME,
        description="Its path in the output folder.",
        examples=["charts/one.png"],
    ),
]
AttemptDep = Annotated[AttemptKey, Depends(get_attempt)]


@router.get(
    f"{PREFIX}/files/{{file_id}}",
    response_class=StreamingResponse,
    dependencies=[Depends(count_stranger)],
    responses=DOWNLOAD_ANSWERS | problem_responses(401, 409, 416, 422, 429, 503),
)
async def read_input_file(
    *,
    services: ServicesDep,
    key: AttemptDep,
    file_id: InputId,
    grant: Grant = "",
    wanted: WantedRange = None,
    if_range: IfRange = None,
) -> StreamingResponse:
    """Send an input file to the worker of an attempt that has not ended."""
    download = await services[AttemptFileService].open_input(
        key, file_id, grant=grant, wanted=wanted, if_range=if_range
    )
    return download_response(download)


@artifact_router.put(
    f"{PREFIX}/artifacts/{{name:path}}",
    dependencies=[Depends(count_stranger)],
    openapi_extra=UPLOAD_BODY,
    responses=problem_responses(400, 401, 409, 413, 422, 429, 503),
)
async def put_artifact(
    *,
    request: Request,
    services: ServicesDep,
    key: AttemptDep,
    name: ArtifactName,
    grant: Grant = "",
    content_digest: ContentDigest = None,
) -> Artifact:
    """Take a file that an attempt has written, from its worker; its job shows it once it has completed.

    Safe to repeat: what came before under this name is replaced, or is the same.
    """
    return await services[AttemptFileService].put_artifact(
        key,
        name,
        grant=grant,
        media_type=media_type_of(request),
        announced_bytes=announced_bytes_of(request),
        wanted_sha256=parse_content_digest(content_digest),
        chunks=request.stream(),
    )


router.include_router(artifact_router)
