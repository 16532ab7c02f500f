"""Routes to log in, to stay logged in, and to log out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from operation_server.accounts.caller import CallerDep, count_stranger
from operation_server.accounts.callers import Callers
from operation_server.accounts.sessions.cookies import (
    delete_cookie,
    read_cookie,
    require_own_origin,
    set_cookie,
)
from operation_server.accounts.sessions.login import PasswordLogin
from operation_server.accounts.sessions.schemas import RefreshRequest, TicketRead, TokenRead, TokenRequest
from operation_server.accounts.sessions.service import Grant, SessionService
from operation_server.body_type import is_form, require_json, require_uncompressed
from operation_server.dependencies import ServicesDep
from operation_server.json_route import BodyRefused, StrictJSONRoute, as_invalid
from operation_server.problems import problem_responses
from operation_server.trail.origin import address_of

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=StrictJSONRoute)

COUNTED = [Depends(count_stranger)]
TOKEN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": TokenRequest.model_json_schema()},
            "application/x-www-form-urlencoded": {"schema": TokenRequest.model_json_schema()},
        },
    }
}


@router.post(
    "/token",
    openapi_extra=TOKEN_BODY,
    dependencies=COUNTED,
    responses=problem_responses(400, 401, 415, 429, 503),
)
async def create_token(request: Request, services: ServicesDep) -> TokenRead:
    """Log in with JSON `{username, password}` or an OAuth2 password form, and get a bearer token.

    After some wrong passwords for an address the next tries from the same source have to wait.
    """
    credentials = await _credentials(request)
    account = await services[PasswordLogin].check(
        credentials.username, credentials.password, source=address_of(request.scope) or ""
    )
    return _as_answer(await services[SessionService].begin(account))


@router.post("/refresh", dependencies=COUNTED, responses=problem_responses(401, 409, 422))
async def refresh_token(services: ServicesDep, body: RefreshRequest) -> TokenRead:
    """Exchange a refresh token for new tokens; each is good for one use.

    One that is used again has been copied: the whole login ends. Within some seconds of its use that is more
    likely a client that asks twice, and answered 409 without harm.
    """
    return _as_answer(await services[SessionService].refresh(body.refresh_token))


@router.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=COUNTED,
    responses=problem_responses(422),
)
async def log_out(services: ServicesDep, body: RefreshRequest) -> None:
    """End the login of a refresh token; its access token holds until it expires."""
    await services[SessionService].end(body.refresh_token)


@router.post(
    "/session",
    status_code=status.HTTP_204_NO_CONTENT,
    openapi_extra=TOKEN_BODY,
    dependencies=COUNTED,
    responses=problem_responses(400, 401, 403, 415, 429, 503),
)
async def begin_session(request: Request, response: Response, services: ServicesDep) -> None:
    """Log a browser in by a cookie that no script can read and that is taken from our own pages only."""
    if "origin" in request.headers:
        # Else a foreign page could log somebody in as somebody else.
        require_own_origin(request)
    credentials = await _credentials(request)
    account = await services[PasswordLogin].check(
        credentials.username, credentials.password, source=address_of(request.scope) or ""
    )
    cookie, ttl_s = await services[SessionService].begin_by_cookie(account)
    set_cookie(response, cookie, ttl_s=ttl_s, is_secure=request.app.state.cookie_secure)


@router.delete(
    "/session",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=COUNTED,
    responses=problem_responses(403),
)
async def end_session(request: Request, response: Response, services: ServicesDep) -> None:
    """Log a browser out."""
    cookie = read_cookie(request)
    if cookie is not None:
        require_own_origin(request)
        await services[SessionService].end_by_cookie(cookie)
        services[Callers].forget()
    delete_cookie(response, is_secure=request.app.state.cookie_secure)


@router.post("/ws-ticket", responses=problem_responses(401))
async def create_ticket(caller: CallerDep, services: ServicesDep) -> TicketRead:
    """Get a ticket that opens one WebSocket within a minute, so that no token stands in an address."""
    ticket, ttl_s = await services[SessionService].ticket(caller)
    return TicketRead(ticket=ticket, expires_in=ttl_s)


def _as_answer(grant: Grant) -> TokenRead:
    return TokenRead(
        access_token=grant.access_token,
        expires_in=grant.expires_in_s,
        refresh_token=grant.refresh_token,
        refresh_expires_at=grant.refresh_expires_at,
    )


class LoginMalformed(RequestValidationError):
    """A login that is none; 400 by RFC 6749, 5.2, where other malformed requests are 422."""

    status_code = status.HTTP_400_BAD_REQUEST


async def _credentials(request: Request) -> TokenRequest:
    try:
        return TokenRequest.model_validate(await _fields(request))
    except ValidationError as exc:
        # The input is left out: it is a password.
        errors = exc.errors(include_input=False, include_url=False, include_context=False)
        raise LoginMalformed([error | {"loc": ("body", *error["loc"])} for error in errors]) from exc
    except BodyRefused as exc:
        raise LoginMalformed(as_invalid(exc.refusal).errors()) from exc.refusal


async def _fields(request: Request) -> Any:
    if is_form(request.headers):
        require_uncompressed(request.headers)
        return dict(await request.form())
    require_json(request.headers)
    if not await request.body():
        raise LoginMalformed([{"type": "missing", "loc": ("body",), "msg": "missing"}])
    return await request.json()
