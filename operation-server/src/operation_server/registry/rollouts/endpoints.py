"""Routes to try versions of models on part of what is asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.registry.places import Name
from operation_server.registry.rollouts.schemas import RolloutChange, RolloutRead
from operation_server.registry.rollouts.service import RolloutService

router = APIRouter(tags=["models"], route_class=StrictJSONRoute)
BEGUN: dict[int | str, dict[str, Any]] = {201: {"model": RolloutRead, "description": "It has begun"}}


@router.put("/models/{name}/rollout", responses=BEGUN | problem_responses(400, 401, 403, 404, 413, 422))
async def set_rollout(
    caller: CallerDep, services: ServicesDep, response: Response, name: Name, body: RolloutChange
) -> RolloutRead:
    """Try a version on part of what names an alias, or change how much of it.

    Requests of one `split_key` are answered by the same version. The candidate is taken back by itself when
    it breaks a limit, and stays when the alias is moved to it.
    """
    rollout, is_new = await services[RolloutService].set(caller, name, body)
    if is_new:
        response.status_code = status.HTTP_201_CREATED
    return rollout


@router.get("/models/{name}/rollout", responses=problem_responses(401, 404, 422))
async def read_rollout(caller: CallerDep, services: ServicesDep, name: Name) -> RolloutRead:
    """Show the running rollout of a model, or else its last, and what was counted."""
    del caller
    return await services[RolloutService].get(name)


@router.delete(
    "/models/{name}/rollout",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def stop_rollout(caller: CallerDep, services: ServicesDep, name: Name) -> None:
    """End the running rollout: what is submitted from now on asks what the alias names."""
    await services[RolloutService].stop(caller, name)
