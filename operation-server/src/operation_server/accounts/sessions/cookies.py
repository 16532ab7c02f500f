"""The cookie by which a browser stays logged in, and why no foreign page can use it.

No script can read it, browsers send it over HTTPS and to this server only, and never for a page of elsewhere.
Beyond that, what changes something and what opens a WebSocket has to come from a page of this server.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from operation_server.accounts.errors import OriginRefused

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(*, is_secure: bool) -> str:
    """Return the name of the cookie; browsers take `__Host-` only with `Secure` and from the host itself."""
    return "__Host-satellite" if is_secure else "satellite"


def read_cookie(connection: HTTPConnection) -> str | None:
    """Return the cookie's value, if the browser sent one."""
    return connection.cookies.get(cookie_name(is_secure=connection.app.state.cookie_secure))


def set_cookie(response: Response, value: str, *, ttl_s: int, is_secure: bool) -> None:
    """Let the browser keep the cookie."""
    response.set_cookie(
        cookie_name(is_secure=is_secure),
        value,
        max_age=ttl_s,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )


def delete_cookie(response: Response, *, is_secure: bool) -> None:
    """Let the browser forget the cookie."""
    response.delete_cookie(
        cookie_name(is_secure=is_secure), path="/", secure=is_secure, httponly=True, samesite="strict"
    )


def require_own_origin(connection: HTTPConnection) -> None:
    """Refuse what a browser sends for a page of elsewhere, or does not say for which.

    Host and port are compared, not the scheme: behind a proxy that ends TLS this process does not know it,
    and for another scheme browsers send no `SameSite=Strict` cookie.

    Raises:
        OriginRefused: it is not a page of this server.
    """
    origin = connection.headers.get("origin", "")
    if not origin or urlsplit(origin).netloc != connection.headers.get("host"):
        raise OriginRefused(
            f"A browser's login is taken from pages of this server only, not of {origin[:200] or 'nowhere'}; "
            "programs send an Authorization or X-API-Key header instead."
        )


def changes_something(connection: HTTPConnection) -> bool:
    """Tell whether a request may change something, or opens a WebSocket, which any page could read."""
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE_METHODS
