"""Measures every HTTP request by its route template."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from operation_server.metrics.recording import request_answered

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN_ROUTE = "(none)"


class MetricsMiddleware:
    """Counts requests and the time until their answers begin; streams go on for long after that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._templates: dict[Any, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        has_begun = False

        async def send_counted(message: Message) -> None:
            nonlocal has_begun
            if not has_begun and message["type"] == "http.response.start":
                has_begun = True
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        except Exception:
            if not has_begun:
                self._count(scope, 500, time.perf_counter() - began)
            raise

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"]
        request_answered(method if method in METHODS else "(other)", self._template(scope), status, seconds)

    def _template(self, scope: Scope) -> str:
        endpoint, route = scope.get("endpoint"), scope.get("route")
        if endpoint is None or route is None:
            return UNKNOWN_ROUTE
        template = self._templates.get(endpoint)
        if template is None:
            template = self._templates[endpoint] = full_template(scope["path"], route.path_format)
        return template


def full_template(path: str, route_path: str) -> str:
    """Return the template of a request's route with the prefixes under which its router is included.

    A route knows only its own part; what the path has in front of that are the prefixes.
    """
    parts, own = path.strip("/").split("/"), route_path.strip("/").split("/")
    prefix = parts[: max(0, len(parts) - len(own))]
    return "/" + "/".join([*prefix, *own])
