"""Routes to log in and to see and open accounts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from operation_server.accounts.caller import CallerDep
from operation_server.accounts.schemas import (
    TicketRead,
    TokenRead,
    TokenRequest,
    UserChange,
    UserCreate,
    UserList,
    UserRead,
)
from operation_server.accounts.service import AccountService
from operation_server.body_type import is_form, require_json, require_uncompressed
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import BodyRefused, StrictJSONRoute, as_invalid
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(tags=["accounts"], route_class=StrictJSONRoute)

UserId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
TOKEN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": TokenRequest.model_json_schema()},
            "application/x-www-form-urlencoded": {"schema": TokenRequest.model_json_schema()},
        },
    }
}


@router.post("/auth/token", openapi_extra=TOKEN_BODY, responses=problem_responses(401, 422, 503))
async def create_token(request: Request, services: ServicesDep) -> TokenRead:
    """Log in with JSON `{username, password}` or an OAuth2 password form, and get a bearer token."""
    credentials = await _credentials(request)
    token, ttl_s = await services[AccountService].log_in(credentials.username, credentials.password)
    return TokenRead(access_token=token, expires_in=ttl_s)


@router.post("/auth/ws-ticket", responses=problem_responses(401))
async def create_ticket(caller: CallerDep, services: ServicesDep) -> TicketRead:
    """Get a ticket that opens the WebSocket routes for a minute, so that no token stands in an address."""
    ticket, ttl_s = services[AccountService].ticket(caller)
    return TicketRead(ticket=ticket, expires_in=ttl_s)


@router.get("/users/me", responses=problem_responses(401))
async def read_me(caller: CallerDep) -> UserRead:
    """Show the caller's own account."""
    return UserRead.model_validate(caller)


@router.get("/users", responses=problem_responses(401, 403))
async def list_users(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> UserList:
    """List accounts; for admins."""
    total, accounts = await services[AccountService].list_accounts(caller, skip=page.skip, limit=page.limit)
    return UserList(total=total, items=[UserRead.model_validate(account) for account in accounts])


@router.post(
    "/users", status_code=status.HTTP_201_CREATED, responses=problem_responses(401, 403, 409, 422, 503)
)
async def create_user(caller: CallerDep, services: ServicesDep, body: UserCreate) -> UserRead:
    """Open an account; for admins."""
    account = await services[AccountService].create(
        caller,
        username=body.username,
        password=body.password,
        role=body.role,
        max_running=body.max_running,
    )
    return UserRead.model_validate(account)


@router.patch("/users/{user_id}", responses=problem_responses(401, 403, 404, 409, 422))
async def change_user(
    caller: CallerDep, services: ServicesDep, user_id: UserId, body: UserChange
) -> UserRead:
    """Change an account's role, limit or activity; for admins."""
    values = body.model_dump(exclude_unset=True)
    # Only the limit can be set to null; for the others it means the same as leaving them out.
    stated = {key: value for key, value in values.items() if value is not None or key == "max_running"}
    return UserRead.model_validate(await services[AccountService].change(caller, user_id, **stated))


async def _credentials(request: Request) -> TokenRequest:
    try:
        fields = await _fields(request)
        return TokenRequest.model_validate(fields)
    except ValidationError as exc:
        # The input is left out: it is a password.
        errors = exc.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError([error | {"loc": ("body", *error["loc"])} for error in errors]) from exc
    except BodyRefused as exc:
        raise as_invalid(exc.refusal) from exc


async def _fields(request: Request) -> Any:
    if is_form(request.headers):
        require_uncompressed(request.headers)
        return dict(await request.form())
    require_json(request.headers)
    if not await request.body():
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "missing"}])
    return await request.json()
