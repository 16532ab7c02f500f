"""Routes to the gates of models."""

from __future__ import annotations

from fastapi import APIRouter, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.registry.gates.schemas import GateRead, GateSet
from operation_server.registry.gates.service import GateService
from operation_server.registry.places import Name

router = APIRouter(tags=["models"], route_class=StrictJSONRoute)


@router.put("/models/{name}/gate", responses=problem_responses(401, 403, 404, 422))
async def set_gate(caller: CallerDep, services: ServicesDep, name: Name, body: GateSet) -> GateRead:
    """Say what a version has to reach before an alias is moved to it, instead of what was said before.

    The newest evaluation of the version on the data of that digest has to pass. With
    `not_worse_than_champion` it is compared with that of the version which the alias names.
    """
    return await services[GateService].put(caller, name, body)


@router.get("/models/{name}/gate", responses=problem_responses(401, 404, 422))
async def read_gate(caller: CallerDep, services: ServicesDep, name: Name) -> GateRead:
    """Show the gate of a model."""
    del caller
    return await services[GateService].get(name)


@router.delete(
    "/models/{name}/gate",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def delete_gate(caller: CallerDep, services: ServicesDep, name: Name) -> None:
    """Remove the gate of a model: the alias moves freely from now on."""
    await services[GateService].delete(caller, name)
