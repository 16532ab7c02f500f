"""Answers HEAD wherever GET is answered."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Asks the application for GET and sends the head of its answer alone.

    FastAPI's routes know only the methods they name, and a second method would stand in the API description.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as GET if it is HEAD."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            # The answer is complete with its head, which also ends streams: they see a client that has gone.
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        # A copy, because the server that sends the answer must still know that it has no body.
        await self._app({**scope, "method": "GET"}, receive, send_head)
