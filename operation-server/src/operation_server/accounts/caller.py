"""Who is asking: what endpoints take to learn whose request or connection it is, and that they may."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Query
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from operation_server.accounts.access import Door, Permission, require
from operation_server.accounts.account import Account
from operation_server.accounts.callers import Callers
from operation_server.accounts.errors import (
    AdminRequired,
    KeyRefused,
    KeyTooNarrow,
    OriginRefused,
    PermissionMissing,
    TokenRefused,
)
from operation_server.accounts.route_rules import Rules
from operation_server.accounts.sessions.cookies import changes_something, read_cookie, require_own_origin
from operation_server.dependencies import Services, ServicesDep
from operation_server.limits.requests import RequestLimits

_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token", auto_error=False, description="A token of `POST /api/v1/auth/token`."
)
_api_key = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="A key of `POST /api/v1/api-keys`, for programs."
)
TokenDep = Annotated[str | None, Depends(_bearer)]
KeyDep = Annotated[str | None, Depends(_api_key)]


def rule_of(connection: HTTPConnection) -> Permission | Door:
    """Return what the route of a request asks for."""
    rules: Rules = connection.app.state.rules
    return rules[connection.scope["endpoint"]]


async def get_caller(
    connection: HTTPConnection, token: TokenDep, api_key: KeyDep, services: ServicesDep
) -> Account:
    """Return who asks, by a token, an API key or a browser's cookie, once they may use the route.

    Raises:
        TokenRefused, KeyRefused: they show nothing, or what is not valid.
        AdminRequired, PermissionMissing, KeyTooNarrow: they may not.
        OriginRefused: a browser asks for a page of elsewhere.
        RateExceeded: there were too many requests.
    """
    caller = await _count(connection, services, _identify(connection, services[Callers], token, api_key))
    if caller is None:
        raise TokenRefused
    _require(caller, connection)
    return caller


CallerDep = Annotated[Account, Depends(get_caller)]


async def get_visitor(
    connection: HTTPConnection, token: TokenDep, api_key: KeyDep, services: ServicesDep
) -> Account | None:
    """Return who signs up, or opens an account for another: None for a stranger, where strangers may.

    Raises:
        TokenRefused, KeyRefused: a stranger where they may not, or what they show is not valid.
        RateExceeded: there were too many requests.
    """
    caller = await _count(connection, services, _identify(connection, services[Callers], token, api_key))
    if caller is None and not connection.app.state.open_sign_up:
        raise TokenRefused
    return caller


VisitorDep = Annotated[Account | None, Depends(get_visitor)]


async def count_stranger(connection: HTTPConnection, services: ServicesDep) -> None:
    """Count a request to a route that is open to strangers.

    Raises:
        RateExceeded: there were too many requests.
    """
    await services[RequestLimits].count(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a WebSocket is not served.

    It is told in the close frame, because of a refused handshake browsers see nothing.
    """

    reason: str
    code: str | None = None
    """What they may not; None when it is not known who asks."""
    caller: Account | None = None


async def get_socket_caller(
    services: ServicesDep,
    connection: HTTPConnection,
    ticket: Annotated[str | None, Query(description="A ticket of `POST /api/v1/auth/ws-ticket`.")] = None,
) -> Account | Refusal:
    """Return whom a WebSocket's ticket, bearer token or API key names, or why nobody may open it by them."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    caller: Account | None = None
    try:
        if ticket:
            caller = await services[Callers].of_ticket(ticket)
        else:
            caller = await _identify(
                connection,
                services[Callers],
                token if scheme.lower() == "bearer" else None,
                connection.headers.get("x-api-key"),
            )
        if caller is not None:
            _note(caller, connection)
            _require(caller, connection)
            return caller
    except (TokenRefused, KeyRefused):
        pass
    except (AdminRequired, PermissionMissing, KeyTooNarrow, OriginRefused) as error:
        return Refusal(reason=str(error), code=error.code, caller=caller)
    return Refusal(reason="a valid ticket, token or API key is needed")


SocketCallerDep = Annotated[Account | Refusal, Depends(get_socket_caller)]


async def get_scraper(
    connection: HTTPConnection, token: TokenDep, api_key: KeyDep, services: ServicesDep
) -> None:
    """Let the bearer of the metrics token pass, and whoever may use the route.

    Raises:
        TokenRefused, KeyRefused, PermissionMissing, KeyTooNarrow: everybody else.
    """
    expected: SecretStr | None = connection.app.state.metrics_token
    if token and expected and hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
        return
    await get_caller(connection, token, api_key, services)


async def _identify(
    connection: HTTPConnection, callers: Callers, token: str | None, api_key: str | None
) -> Account | None:
    if token:
        return await callers.of_token(token)
    if api_key:
        return await callers.of_key(api_key)
    cookie = read_cookie(connection)
    if cookie is None:
        return None
    if changes_something(connection):
        require_own_origin(connection)
    return await callers.of_cookie(cookie)


async def count(connection: HTTPConnection, services: Services, caller: Account | None) -> None:
    """Count a request or WebSocket for who asks, and for the key by which they do.

    Raises:
        RateExceeded: there were too many.
    """
    if caller is None:
        await services[RequestLimits].count(connection)
    else:
        await services[RequestLimits].count(connection, user_id=caller.id, key=caller.key)


async def _count(
    connection: HTTPConnection, services: Services, identifying: Awaitable[Account | None]
) -> Account | None:
    """Return who asks once their request is counted, or that of whoever is refused."""
    try:
        caller = await identifying
    except (TokenRefused, KeyRefused, OriginRefused):
        await services[RequestLimits].count(connection)
        raise
    if caller is not None:
        _note(caller, connection)
    await count(connection, services, caller)
    return caller


def _require(caller: Account, connection: HTTPConnection) -> None:
    rule = rule_of(connection)
    if isinstance(rule, Permission):
        require(caller, rule)


def _note(caller: Account, connection: HTTPConnection) -> None:
    """Let all that is told of the request say whose it is, and of which job."""
    connection.state.caller = caller
    job_id = connection.path_params.get("job_id")
    ids = {"user_id": caller.id, "key_id": caller.key and caller.key.key_id, "job_id": job_id}
    structlog.contextvars.bind_contextvars(
        **{name: value for name, value in ids.items() if value is not None}
    )
