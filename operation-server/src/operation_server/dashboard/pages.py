"""The console as `frontend/` builds it, and the page that describes the API."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

CONSOLE = Path(__file__).parent / "console"
"""What `make console` builds; it is not in git, and not there where Node.js could not be had."""
STATIC = Path(__file__).parent / "static"
FILE_TYPES: Final = frozenset({".css", ".html", ".js", ".json", ".png", ".py", ".svg"})
"""What is a file's name right below `/dashboard`; anything else is an address of the console."""
POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    # Nothing from elsewhere, and no script or style that is not a file of this server.
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
}
ASSET_HEADERS: Final = HEADERS | {
    # Their names have a digest of what they hold.
    "Cache-Control": "public, max-age=31536000, immutable",
}

# Systems disagree about it, and browsers are told to believe what is stated.
mimetypes.add_type("text/javascript", ".js")


class DashboardFiles(StaticFiles):
    """Files with the headers of the dashboard; an unchanged one costs no body."""

    def __init__(self, directory: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._headers = headers

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """Return a file, or that it is unchanged, with the headers."""
        response = super().file_response(*arguments, **named)
        response.headers.update(self._headers)
        return response


ASSETS: Final = DashboardFiles(CONSOLE / "assets", ASSET_HEADERS)
FILES: Final = DashboardFiles(STATIC, HEADERS)
NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Satellite</title></head><body>
<h1>The console is not built</h1>
<p>The platform runs all the same: by its <a href="/docs">API</a> and the command <code>satellite</code>.</p>
<p>To build the console, run <code>make console</code> in a checkout, then load this page again. It needs the
npm registry, and Node.js 22.19 or newer or PyPI, from which it gets one.</p>
</body></html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def read_root() -> RedirectResponse:
    """Lead people who open the bare address to the console."""
    return RedirectResponse("/dashboard")


@router.get("/docs")
async def read_docs() -> FileResponse:
    """Show what the API description says."""
    return FileResponse(STATIC / "docs.html", media_type="text/html", headers=dict(HEADERS))


@router.get("/dashboard")
async def read_dashboard() -> Response:
    """Show the console, which reads from the address what to show; without a build say how to make one."""
    page = CONSOLE / "index.html"
    if not page.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=dict(HEADERS))
    return FileResponse(page, media_type="text/html", headers=dict(HEADERS))


# Routes, not mounts, whose requests would be counted as unknown ones.
@router.get("/dashboard/assets/{name}")
async def read_asset(request: Request, name: str) -> Response:
    """Return a script or style of the console, compressed if the browser takes that."""
    compressed = f"{name}.gz"
    takes = "gzip" in request.headers.get("accept-encoding", "")
    if not takes or not (CONSOLE / "assets" / compressed).is_file():
        return await ASSETS.get_response(name, request.scope)
    response = await ASSETS.get_response(compressed, request.scope)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Type"] = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response.headers["Vary"] = "Accept-Encoding"
    return response


@router.get("/dashboard/{path:path}")
async def read_page_or_file(request: Request, path: str) -> Response:
    """Show a page of the console, or return a script, style or picture of the description of the API."""
    if "/" not in path and PurePosixPath(path).suffix in FILE_TYPES:
        return await FILES.get_response(path, request.scope)
    return await read_dashboard()
