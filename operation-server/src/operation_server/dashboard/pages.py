"""The dashboard: one page and its files; all it knows comes from the public API."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
VIEWS: Final = frozenset({"login", "overview", "jobs", "dead-letters", "plugins", "workers", "users"})
"""Each has an address of its own below `/dashboard`; the page's script shows what the address says."""
HEADERS: Final = {
    # Nothing from elsewhere, and no script or style that is not a file of this server.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}

# Systems disagree about it, and browsers are told to believe what is stated.
mimetypes.add_type("text/javascript", ".js")


class DashboardFiles(StaticFiles):
    """Files that browsers may keep, but ask for each time; an unchanged one costs no body."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """Return a file, or that it is unchanged, with the headers of the dashboard."""
        response = super().file_response(*arguments, **named)
        response.headers.update(HEADERS)
        return response


FILES: Final = DashboardFiles(directory=STATIC)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def read_root() -> RedirectResponse:
    """Lead people who open the bare address to the dashboard."""
    return RedirectResponse("/dashboard")


@router.get("/dashboard")
async def read_dashboard() -> FileResponse:
    """Show the dashboard."""
    return FileResponse(STATIC / "dashboard.html", media_type="text/html", headers=dict(HEADERS))


@router.get("/docs")
async def read_docs() -> FileResponse:
    """Show what the API description says."""
    return FileResponse(STATIC / "docs.html", media_type="text/html", headers=dict(HEADERS))


@router.get("/dashboard/jobs/{job_id}")
async def read_job_page(job_id: int) -> FileResponse:
    """Show the dashboard with a job opened."""
    del job_id
    return await read_dashboard()


# A route, not a mount, whose requests would be counted as unknown ones.
@router.get("/dashboard/{name}")
async def read_view_or_file(request: Request, name: str) -> Response:
    """Show a view of the dashboard, or return a script, style or picture of it."""
    if name in VIEWS:
        return await read_dashboard()
    return await FILES.get_response(name, request.scope)
