"""The dashboard: one page and its files; all it knows comes from the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse

STATIC = Path(__file__).parent / "static"
FILES: Final = {"dashboard.js": "text/javascript", "dashboard.css": "text/css"}
HEADERS: Final = {
    # Nothing from elsewhere, and no script that is not a file of this server.
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def read_root() -> RedirectResponse:
    """Lead people who open the bare address to the dashboard."""
    return RedirectResponse("/dashboard")


@router.get("/dashboard")
async def read_dashboard() -> FileResponse:
    """Show the dashboard."""
    return FileResponse(STATIC / "dashboard.html", media_type="text/html", headers=dict(HEADERS))


@router.get("/dashboard/dashboard.js")
async def read_script() -> FileResponse:
    """Return the dashboard's script."""
    return _file("dashboard.js")


@router.get("/dashboard/dashboard.css")
async def read_style() -> FileResponse:
    """Return the dashboard's style."""
    return _file("dashboard.css")


def _file(name: str) -> FileResponse:
    return FileResponse(STATIC / name, media_type=FILES[name], headers=dict(HEADERS))
