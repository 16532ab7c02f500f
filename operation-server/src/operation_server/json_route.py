"""Routes whose JSON bodies are parsed strictly."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from operation_server.body_type import require_json


class StrictJSONRequest(Request):
    """Refuses what PostgreSQL cannot store or JSON does not allow: NaN, lone surrogates, NUL."""

    async def body(self) -> bytes:
        """Return the body without the mark that some editors put in front of UTF-8."""
        return (await super().body()).removeprefix(codecs.BOM_UTF8)

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            orjson.JSONDecodeError: the body is not JSON, or holds a NUL character.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            value = orjson.loads(body)
            if b"\\u0000" in body and holds_nul(value):
                raise orjson.JSONDecodeError("the character \\u0000 cannot be stored", body.decode(), 0)
            self._json = value
        return self._json


class StrictJSONRoute(APIRoute):
    """A route that hands its endpoint a `StrictJSONRequest`, and takes no other body than JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the request exchanged."""
        handle = super().get_route_handler()

        takes_body = self.body_field is not None

        async def handle_strictly(request: Request) -> Response:
            if takes_body:
                require_json(request.headers)
            return await handle(StrictJSONRequest(request.scope, request.receive))

        return handle_strictly


def holds_nul(value: Any) -> bool:
    """Tell whether any string of a JSON value holds a NUL character."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(child) for key, child in value.items())
    return isinstance(value, list) and any(holds_nul(child) for child in value)
