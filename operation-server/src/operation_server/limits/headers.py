"""Tells callers what is left of their rates.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-11; `RateLimit-Limit`,
`-Remaining` and `-Reset` are of its early versions, which many clients know, and tell of the tightest rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from operation_server.limits.rates import WINDOW_S, Standing


class RateHeadersMiddleware:
    """Adds what was counted for a request to the head of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request."""

        async def send_with_rates(message: Message) -> None:
            standings = scope.get("state", {}).get("rates")
            if standings and message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(rate_headers(standings))
            await send(message)

        await self._app(scope, receive, send_with_rates if scope["type"] == "http" else send)


def rate_headers(standings: Sequence[Standing]) -> dict[str, str]:
    """Return the headers that tell of rates, at least one."""
    tightest = min(standings, key=lambda standing: standing.remaining)
    return {
        "RateLimit-Policy": ", ".join(
            f'"{one.rate.name}";q={one.rate.quantity};w={WINDOW_S}' for one in standings
        ),
        "RateLimit": ", ".join(
            f'"{one.rate.name}";r={one.remaining};t={math.ceil(one.reset_s)}' for one in standings
        ),
        "RateLimit-Limit": str(tightest.rate.quantity),
        "RateLimit-Remaining": str(tightest.remaining),
        "RateLimit-Reset": str(math.ceil(tightest.reset_s)),
    }
