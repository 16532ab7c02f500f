"""Refuses request bodies that are too large before anything parses them."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from operation_server.problems import problem_response
from operation_server.request_id import request_id_of


class BodyLimitMiddleware:
    """Answers 413 to bodies above `max_bytes`, by their declared length or while they arrive."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless its body is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send)
        elif "transfer-encoding" in headers:
            await self._read_undeclared(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _read_undeclared(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold back a body of unknown length until it is known to be small enough."""
        messages: list[Message] = []
        size = 0
        more = True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                await self._refuse(scope, receive, send)
                return
            more = bool(message.get("more_body", False))
        messages.reverse()

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, replay, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(
            status=413,
            code="body_too_large",
            detail=f"The request body is larger than {self._max_bytes} bytes; send large data as a file.",
            request_id=request_id_of(scope),
            # The rest of the body is never read, so the connection cannot serve another request.
            headers={"Connection": "close"},
        )
        await response(scope, receive, send)
