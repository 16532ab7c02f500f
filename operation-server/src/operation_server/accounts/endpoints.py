"""Routes to see, open and change accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from operation_server.accounts.access import reach_by_permission
from operation_server.accounts.caller import CallerDep, VisitorDep
from operation_server.accounts.schemas import (
    LONGEST_ADDRESS,
    OwnAccountRead,
    OwnPasswordChange,
    PasswordReset,
    UserChange,
    UserCreate,
    UserList,
    UserRead,
)
from operation_server.accounts.service import AccountService
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(prefix="/users", tags=["accounts"], route_class=StrictJSONRoute)

UserId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
Search = Annotated[
    str | None,
    Query(max_length=LONGEST_ADDRESS, description="What stands in the address or the name, however written."),
]


@router.get("/me", responses=problem_responses(401))
async def read_me(caller: CallerDep) -> OwnAccountRead:
    """Show the caller's own account, and what they may."""
    account = UserRead.model_validate(caller).model_dump()
    return OwnAccountRead(**account, permissions=reach_by_permission(caller))


@router.put(
    "/me/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(400, 401, 403, 422, 503),
)
async def change_own_password(caller: CallerDep, services: ServicesDep, body: OwnPasswordChange) -> None:
    """Change one's own password. All of one's logins end, this one too."""
    await services[AccountService].change_password(
        caller, current=body.current_password, password=body.password
    )


@router.get("", responses=problem_responses(401, 403, 422))
async def list_users(
    caller: CallerDep, services: ServicesDep, page: PaginationDep, search: Search = None
) -> UserList:
    """List accounts; for admins."""
    total, accounts = await services[AccountService].list_accounts(
        caller, search=search, skip=page.skip, limit=page.limit
    )
    return UserList(total=total, items=[UserRead.model_validate(account) for account in accounts])


@router.post(
    "", status_code=status.HTTP_201_CREATED, responses=problem_responses(400, 401, 403, 409, 422, 503)
)
async def create_user(caller: VisitorDep, services: ServicesDep, body: UserCreate) -> UserRead:
    """Open an account: for admins, and for everybody where the platform is open for that."""
    account = await services[AccountService].create(
        caller,
        email=body.email,
        full_name=body.full_name,
        password=body.password,
        role=body.role,
        max_running=body.max_running,
    )
    return UserRead.model_validate(account)


@router.get("/{user_id:int}", responses=problem_responses(401, 403, 404, 422))
async def read_user(caller: CallerDep, services: ServicesDep, user_id: UserId) -> UserRead:
    """Show an account; for admins."""
    return UserRead.model_validate(await services[AccountService].find(caller, user_id))


# `:int`, so that PATCH /users/me is a wrong method and no wrong number.
@router.patch("/{user_id:int}", responses=problem_responses(400, 401, 403, 404, 409, 422))
async def change_user(
    caller: CallerDep, services: ServicesDep, user_id: UserId, body: UserChange
) -> UserRead:
    """Change an account's names, role, limit or activity; for admins.

    A deactivated account, or one with another role, has lost its streams and access tokens within 5 s.
    """
    values = body.model_dump(exclude_unset=True)
    # Only these can be set to null; for the others it means the same as leaving them out.
    stated = {
        key: value
        for key, value in values.items()
        if value is not None or key in {"max_running", "full_name"}
    }
    return UserRead.model_validate(await services[AccountService].change(caller, user_id, **stated))


@router.put(
    "/{user_id}/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(400, 401, 403, 404, 422, 503),
)
async def reset_password(
    caller: CallerDep, services: ServicesDep, user_id: UserId, body: PasswordReset
) -> None:
    """Set the password of an account, whose logins end; for admins."""
    await services[AccountService].reset_password(caller, user_id, body.password)
