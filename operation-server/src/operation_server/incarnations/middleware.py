"""Answers for an API process that must not serve, because its database was recovered from a backup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from operation_server.incarnations.errors import DatabaseRestored
from operation_server.problems import problem_response
from operation_server.request_id import request_id_of

REFUSED_PATHS: Final = "/api/"
RETRY_AFTER_S: Final = "30"
TRY_AGAIN_LATER: Final = 1013


class RestoredMiddleware:
    """Refuses what would read or write a database that is not ready for it; probes and metrics are served."""

    def __init__(self, app: ASGIApp, *, refusal: Callable[[Scope], DatabaseRestored | None]) -> None:
        """Ask `refusal` at each request."""
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request, or refuse it."""
        is_of_api = scope["type"] in {"http", "websocket"} and scope["path"].startswith(REFUSED_PATHS)
        refusal = self._refusal(scope) if is_of_api else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "being restored"})
        else:
            await _answer(scope, refusal)(scope, receive, send)


def _answer(scope: Scope, refusal: DatabaseRestored) -> Response:
    return problem_response(
        status=503,
        code=refusal.code,
        detail=str(refusal),
        request_id=request_id_of(scope),
        headers={"Retry-After": RETRY_AFTER_S},
    )
