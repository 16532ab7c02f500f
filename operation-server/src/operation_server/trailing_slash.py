"""Answers an address of the API with a slash at its end like the one without, and with no redirect."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/api/v1/"
NAMES = "/artifacts/"
"""What follows is the name of a file, of which a slash at the end is a part."""


class TrailingSlashMiddleware:
    """Leaves out the slash at the end of an address of the API.

    The framework's way would be to answer with a redirect, which curl does not follow unless it is told to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope.get("path", "")
        if scope["type"] in {"http", "websocket"} and _has_one_too_many(path):
            raw = scope.get("raw_path")
            scope = {**scope, "path": path[:-1], "raw_path": raw and raw.removesuffix(b"/")}
        await self._app(scope, receive, send)


def _has_one_too_many(path: str) -> bool:
    return path.startswith(PREFIX) and path.endswith("/") and NAMES not in path
