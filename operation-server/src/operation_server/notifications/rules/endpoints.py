"""Routes to rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.notifications.rules.schemas import RuleList, RulePut, RuleRead
from operation_server.notifications.rules.service import RuleService
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(prefix="/notification-rules", tags=["notifications"], route_class=StrictJSONRoute)

RuleId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[3])]


@router.post("", status_code=status.HTTP_201_CREATED, responses=problem_responses(401, 403, 409, 422))
async def create_rule(caller: CallerDep, services: ServicesDep, body: RulePut) -> RuleRead:
    """Make a rule: it tells of what happens from now on."""
    return await services[RuleService].create(caller, body)


@router.get("", responses=problem_responses(401, 403, 422))
async def list_rules(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> RuleList:
    """List the caller's rules."""
    return await services[RuleService].list_page(caller, skip=page.skip, limit=page.limit)


@router.get("/{rule_id}", responses=problem_responses(401, 403, 404, 422))
async def read_rule(caller: CallerDep, services: ServicesDep, rule_id: RuleId) -> RuleRead:
    """Show a rule of the caller's."""
    return await services[RuleService].find(caller, rule_id)


@router.put("/{rule_id}", responses=problem_responses(401, 403, 404, 422))
async def replace_rule(caller: CallerDep, services: ServicesDep, rule_id: RuleId, body: RulePut) -> RuleRead:
    """Put something else in place of a rule's content: it tells of what happens from now on."""
    return await services[RuleService].replace(caller, rule_id, body)


@router.delete(
    "/{rule_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def delete_rule(caller: CallerDep, services: ServicesDep, rule_id: RuleId) -> None:
    """Delete a rule; what it has told already is still sent."""
    await services[RuleService].delete(caller, rule_id)
