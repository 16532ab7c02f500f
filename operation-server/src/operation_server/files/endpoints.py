"""Routes to store, list, read and delete files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request, Response, status
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import CallerDep
from operation_server.body_limit import BODY_BYTES_MAX
from operation_server.body_type import require_uncompressed
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.files.digests import parse_content_digest, write_digest
from operation_server.files.names import LONGEST_NAME, NAME_PATTERN
from operation_server.files.schemas import FileList, FileRead
from operation_server.files.service import Download, FileService
from operation_server.problems import problem_responses


class UploadRoute(APIRoute):
    """Takes bodies of any type and size; its service says how large they may be."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the limit of other bodies taken away."""
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            require_uncompressed(request.headers)
            request.scope.setdefault("state", {})[BODY_BYTES_MAX] = request.app.state.file_bytes_max
            return await handle(request)

        return handle_upload


router = APIRouter(tags=["files"])
upload_router = APIRouter(tags=["files"], route_class=UploadRoute)

FileId = Annotated[str, Path(max_length=64, examples=["3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"])]
WantedRange = Annotated[str | None, Header(alias="Range", max_length=200, examples=["bytes=1000-"])]
IfRange = Annotated[str | None, Header(max_length=200, description="The `ETag` of before.")]
Name = Annotated[
    str,
    Query(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=NAME_PATTERN,
        description="A file name, without a folder.",
        examples=["rows.csv"],
    ),
]
ContentDigest = Annotated[
    str | None,
    Header(max_length=500, description="`sha-256=:<base64>:` (RFC 9530); other bytes are refused."),
]
BYTES: dict[str, Any] = {"application/octet-stream": {"example": "n,name\n1,one\n"}}
UPLOAD_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": BYTES}}
DOWNLOAD_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": BYTES},
    206: {"description": "The part that was asked for", "content": BYTES},
}


@upload_router.post(
    "/files",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=UPLOAD_BODY,
    responses=problem_responses(400, 401, 403, 409, 413, 422, 503),
)
async def upload_file(
    *,
    request: Request,
    response: Response,
    caller: CallerDep,
    services: ServicesDep,
    name: Name = "file",
    content_digest: ContentDigest = None,
) -> FileRead:
    """Store a file: its bytes are the body, its type the `Content-Type`.

    One that is broken off leaves nothing.
    """
    file = await services[FileService].upload(
        caller,
        name=name,
        media_type=media_type_of(request),
        announced_bytes=announced_bytes_of(request),
        wanted_sha256=parse_content_digest(content_digest),
        chunks=request.stream(),
    )
    response.headers["Location"] = f"/api/v1/files/{file.id}"
    return file


router.include_router(upload_router)


@router.get("/files", responses=problem_responses(401, 422))
async def list_files(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> FileList:
    """List files, newest first: the caller's own, for admins all."""
    return await services[FileService].list_page(caller, skip=page.skip, limit=page.limit)


@router.get(
    "/files/{file_id}",
    response_class=StreamingResponse,
    responses=DOWNLOAD_ANSWERS | problem_responses(401, 404, 416, 422, 503),
)
async def read_file(
    caller: CallerDep,
    services: ServicesDep,
    file_id: FileId,
    wanted: WantedRange = None,
    if_range: IfRange = None,
) -> StreamingResponse:
    """Send a file, or the part that `Range` asks for; `Repr-Digest` is the SHA-256 of the whole."""
    return download_response(
        await services[FileService].open(caller, file_id, wanted=wanted, if_range=if_range)
    )


@router.get("/files/{file_id}/metadata", responses=problem_responses(401, 404, 422))
async def read_metadata(caller: CallerDep, services: ServicesDep, file_id: FileId) -> FileRead:
    """Show what is known of a file."""
    return await services[FileService].get(caller, file_id)


@router.delete(
    "/files/{file_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409, 503),
)
async def delete_file(caller: CallerDep, services: ServicesDep, file_id: FileId) -> None:
    """Delete a file. One that a job needs, which has not ended, stays: 409."""
    await services[FileService].delete(caller, file_id)


def media_type_of(request: Request) -> str:
    """Return the type that is stated of a body."""
    return request.headers.get("content-type", "application/octet-stream")[:255]


def announced_bytes_of(request: Request) -> int | None:
    """Return how many bytes a body is said to have, if that is said."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else None


def download_response(download: Download) -> StreamingResponse:
    """Return the answer that sends a file, or a part of it."""
    return StreamingResponse(
        download.chunks,
        status_code=200 if download.part is None else 206,
        media_type=download.file.media_type,
        headers=_headers(download),
    )


def _headers(download: Download) -> dict[str, str]:
    file, part = download.file, download.part
    start, end = part or (0, file.size_bytes)
    headers = {
        "Content-Length": str(end - start),
        "Accept-Ranges": "bytes",
        "ETag": file.etag,
        "Repr-Digest": write_digest(file.sha256),
        # What users store is never shown as a page of ours.
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-cache",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    return headers
