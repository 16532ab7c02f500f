"""Routes whose JSON bodies are parsed strictly."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from operation_server.body_type import require_json
from satellite.contracts.json_text import JSONRefused, parse_json


class BodyRefused(json.JSONDecodeError):
    """The framework's word for a body that is no JSON, with what Satellite has against it."""

    def __init__(self, refusal: JSONRefused) -> None:
        super().__init__(refusal.reason, "", 0)
        self.refusal = refusal


class StrictJSONRequest(Request):
    """Refuses what other parts of Satellite could not take: see `satellite.contracts.json_text`."""

    envelope_levels = 0

    async def body(self) -> bytes:
        """Return the body without the mark that some editors put in front of UTF-8."""
        return (await super().body()).removeprefix(codecs.BOM_UTF8)

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            BodyRefused: it is not one JSON value, or breaks a limit.
        """
        if not hasattr(self, "_json"):
            try:
                # How many bytes it has was looked at before.
                self._json = parse_json(
                    await self.body(), envelope_levels=self.envelope_levels, bytes_max=None
                )
            except JSONRefused as refusal:
                raise BodyRefused(refusal) from refusal
        return self._json


class StrictJSONRoute(APIRoute):
    """A route that hands its endpoint a `StrictJSONRequest`, and takes no other body than JSON."""

    envelope_levels: ClassVar[int] = 0
    """Levels of the body around a user's value, which itself may have as many as any."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the request exchanged, and refusals that name their place."""
        handle = super().get_route_handler()

        takes_body = self.body_field is not None

        async def handle_strictly(request: Request) -> Response:
            if takes_body:
                require_json(request.headers)
            strict = StrictJSONRequest(request.scope, request.receive)
            strict.envelope_levels = self.envelope_levels
            try:
                return await handle(strict)
            except RequestValidationError as error:
                if isinstance(error.__cause__, BodyRefused):
                    raise as_invalid(error.__cause__.refusal) from error
                raise

        return handle_strictly


def as_invalid(refusal: JSONRefused) -> RequestValidationError:
    """Return a refused body as the error of a malformed request."""
    return RequestValidationError(
        [{"type": "json_refused", "loc": ("body", *refusal.path), "msg": refusal.reason}]
    )
