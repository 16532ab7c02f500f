"""Routes of tus 1.0: a client begins an upload, asks how far it came, and goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.body_type import BodyTypeUnsupported, parse_content_type
from operation_server.database.rows import AnyRow
from operation_server.dependencies import ServicesDep
from operation_server.files.endpoints import UploadRoute
from operation_server.files.names import is_file_name
from operation_server.files.repository import FileState
from operation_server.files.uploads.errors import TusVersionRefused, UploadMalformed
from operation_server.files.uploads.protocol import (
    CHECKSUM_MISMATCH,
    CHECKSUMS,
    CHUNK_TYPE,
    EXTENSIONS,
    VERSION,
    Checksum,
    parse_metadata,
)
from operation_server.files.uploads.service import UploadService
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID
from satellite.errors import SatelliteError


class TusRoute(UploadRoute):
    """Says in every answer, an error too, which protocol it speaks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the header added."""
        handle = super().get_route_handler()

        async def handle_tus(request: Request) -> Response:
            try:
                response = await handle(request)
            except SatelliteError as error:
                error.headers = {**getattr(error, "headers", {}), "Tus-Resumable": VERSION}  # type: ignore[attr-defined]
                raise
            response.headers["Tus-Resumable"] = VERSION
            return response

        return handle_tus


async def require_version(
    caller: CallerDep,
    tus_resumable: Annotated[str | None, Header(description="1.0.0", examples=[VERSION])] = None,
) -> None:
    """Refuse clients of other versions.

    Raises:
        TusVersionRefused: it is another, or none.
    """
    del caller  # Who asks is told first that they are not known.
    if tus_resumable != VERSION:
        raise TusVersionRefused


SPEAKS_TUS = [Depends(require_version)]
router = APIRouter(prefix="/uploads", tags=["files"], route_class=TusRoute)

UploadId = Annotated[str, Path(max_length=64, examples=["3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"])]
Bytes = Annotated[int, Header(ge=0, le=LARGEST_ID, examples=[104_857_600])]
CHUNK_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CHUNK_TYPE: {"example": "n,name\n1,one\n"}}}
}


@router.options("", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(401))
async def tell_abilities(caller: CallerDep, request: Request) -> Response:
    """Tell what of tus is spoken here."""
    del caller
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Checksum-Algorithm": CHECKSUMS,
            "Tus-Max-Size": str(request.app.state.file_bytes_max),
        },
    )


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_class=Response,
    dependencies=SPEAKS_TUS,
    responses=problem_responses(400, 401, 403, 412, 413, 422, 503),
)
async def create_upload(
    caller: CallerDep,
    services: ServicesDep,
    upload_length: Bytes,
    upload_metadata: Annotated[
        str | None,
        Header(
            max_length=4_000, description="`filename` and `filetype`.", examples=["filename cm93cy5jc3Y="]
        ),
    ] = None,
) -> Response:
    """Begin an upload; its id is that of the file that it becomes."""
    try:
        metadata = parse_metadata(upload_metadata)
    except ValueError as error:
        raise UploadMalformed(str(error)) from error
    name = metadata.get("filename", "file")
    if not is_file_name(name):
        raise UploadMalformed(f"{name[:100]!r} is no file name, or has a folder in it")
    upload = await services[UploadService].create(
        caller,
        name=name,
        media_type=metadata.get("filetype", "application/octet-stream")[:255],
        size_bytes=upload_length,
    )
    headers = {"Location": f"/api/v1/uploads/{upload.id}", **_headers(upload)}
    return Response(status_code=201, headers=headers)


@router.get(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=SPEAKS_TUS,
    responses=problem_responses(401, 404, 412),
)
async def read_upload(caller: CallerDep, services: ServicesDep, upload_id: UploadId) -> Response:
    """Tell how far an upload came; clients ask with HEAD."""
    upload = await services[UploadService].get(caller, upload_id)
    headers = {**_headers(upload), "Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
    return Response(status_code=204, headers=headers)


@router.patch(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=SPEAKS_TUS,
    openapi_extra=CHUNK_BODY,
    responses=problem_responses(400, 401, 403, 404, 409, 412, 413, 415, 422, CHECKSUM_MISMATCH, 503),
)
async def append_to_upload(
    *,
    caller: CallerDep,
    services: ServicesDep,
    request: Request,
    upload_id: UploadId,
    upload_offset: Bytes,
    upload_checksum: Annotated[
        str | None, Header(max_length=200, examples=["sha256 n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="])
    ] = None,
) -> Response:
    """Go on with an upload. What came before a connection broke is kept; with the last byte it is a file."""
    if parse_content_type(request.headers.get("content-type", ""))[0] != CHUNK_TYPE:
        raise BodyTypeUnsupported(f"A chunk has to be sent with Content-Type: {CHUNK_TYPE}.")
    try:
        checksum = Checksum.parse(upload_checksum)
    except ValueError as error:
        raise UploadMalformed(str(error)) from error
    upload = await services[UploadService].append(
        caller, upload_id, offset=upload_offset, checksum=checksum, chunks=request.stream()
    )
    return Response(status_code=204, headers=_headers(upload))


@router.delete(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=SPEAKS_TUS,
    responses=problem_responses(401, 403, 404, 412, 503),
)
async def terminate_upload(caller: CallerDep, services: ServicesDep, upload_id: UploadId) -> Response:
    """Give an upload up; a complete one is a file, and deleted as such."""
    await services[UploadService].terminate(caller, upload_id)
    return Response(status_code=204)


def _headers(upload: AnyRow) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.received_bytes)}
    if upload.state == FileState.UPLOADING:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return headers
