"""Routes to see and set the limits of an account."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.accounts.caller import CallerDep
from operation_server.accounts.endpoints import UserId
from operation_server.accounts.limits.schemas import UserLimitsPut, UserLimitsRead
from operation_server.accounts.limits.service import AccountLimitsService
from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses

router = APIRouter(tags=["accounts"], route_class=StrictJSONRoute)


@router.get("/users/{user_id}/limits", responses=problem_responses(401, 403, 404))
async def read_limits(caller: CallerDep, services: ServicesDep, user_id: UserId) -> UserLimitsRead:
    """Show the limits of an account; for admins."""
    return await services[AccountLimitsService].get(caller, user_id)


@router.put("/users/{user_id}/limits", responses=problem_responses(401, 403, 404, 422))
async def put_limits(
    caller: CallerDep, services: ServicesDep, user_id: UserId, body: UserLimitsPut
) -> UserLimitsRead:
    """Set all limits of an account: what is left out is as for everybody. For admins."""
    return await services[AccountLimitsService].put(caller, user_id, body)
