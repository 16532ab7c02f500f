"""From where the request at hand comes."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from operation_server.request_id import request_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An address and a request; both None for what no request asked for."""

    address: str | None = None
    request_id: str | None = None


NOWHERE: Final = Origin()

_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


class OriginMiddleware:
    """Notes where each request comes from, for whatever the request leads to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request; what it starts knows its origin too."""
        if scope["type"] in {"http", "websocket"}:
            _current.set(Origin(address=address_of(scope), request_id=request_id_of(scope)))
        await self._app(scope, receive, send)


def current_origin() -> Origin:
    """Return the origin of the request at hand."""
    return _current.get()


def address_of(scope: Scope) -> str | None:
    """Return the client's address: the peer's, or what a proxy that uvicorn trusts says of it."""
    client = scope.get("client")
    return client[0] if client else None
