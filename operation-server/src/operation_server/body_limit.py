"""Refuses request bodies that are too large, by what they declare or while they are read."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = "body_bytes_max"
"""Key of the request's state under which a route says that it takes other bodies than most."""


class BodyTooLarge(HTTPException):
    """The body has more bytes than its route takes. An error of HTTP, because FastAPI hides all others."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(
            413, f"The request body is larger than {bytes_max} bytes; send large data as a file."
        )
        # The rest of the body is never read, so the connection cannot serve another request.
        self.headers = {"Connection": "close"}


class BodyLimitMiddleware:
    """Lets no route read more of a body than `bytes_max`, or than the route itself has said."""

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request; whoever reads too large a body is told by `BodyTooLarge`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        size = 0

        async def receive_no_more() -> Message:
            nonlocal size
            bytes_max = scope.get("state", {}).get(BODY_BYTES_MAX, self._bytes_max)
            # Before a byte is read: who waits for `100 Continue` sends nothing in vain.
            if declared.isdecimal() and int(declared) > bytes_max:
                raise BodyTooLarge(bytes_max)
            message = await receive()
            size += len(message.get("body", b""))
            if size > bytes_max:
                raise BodyTooLarge(bytes_max)
            return message

        await self._app(scope, receive_no_more, send)
