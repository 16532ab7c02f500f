"""Who is asking: what endpoints take to learn whose request or connection it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from operation_server.accounts.account import Account
from operation_server.accounts.errors import TokenRefused
from operation_server.accounts.service import AccountService
from operation_server.accounts.tokens import Audience
from operation_server.dependencies import ServicesDep

_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token", auto_error=False, description="A token of `POST /api/v1/auth/token`."
)


async def get_caller(token: Annotated[str | None, Depends(_bearer)], services: ServicesDep) -> Account:
    """Return the account of the request's bearer token.

    Raises:
        TokenRefused: there is none, or it is not valid.
    """
    if not token:
        raise TokenRefused
    return await services[AccountService].account_of(token)


CallerDep = Annotated[Account, Depends(get_caller)]


async def get_socket_caller(
    services: ServicesDep,
    connection: HTTPConnection,
    ticket: Annotated[str | None, Query(description="A ticket of `POST /api/v1/auth/ws-ticket`.")] = None,
) -> Account | None:
    """Return the account that a WebSocket's ticket or bearer token names, or None."""
    header = connection.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    try:
        if ticket:
            return await services[AccountService].account_of(ticket, audience=Audience.WEBSOCKET)
        if scheme.lower() == "bearer" and token:
            return await services[AccountService].account_of(token)
    except TokenRefused:
        return None
    return None


SocketCallerDep = Annotated[Account | None, Depends(get_socket_caller)]
