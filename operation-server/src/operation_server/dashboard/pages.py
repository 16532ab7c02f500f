"""The dashboard: one page and its files; all it knows comes from the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, RedirectResponse

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES: Final = {path.name: path for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA_TYPES}
"""Only what is listed here is ever served, whatever is asked for."""
HEADERS: Final = {
    # Nothing from elsewhere, and no script or style that is not a file of this server.
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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


@router.get("/dashboard/{name}")
async def read_file(name: str) -> FileResponse:
    """Return a script, style or picture of the dashboard."""
    path = FILES.get(name)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=dict(HEADERS))
