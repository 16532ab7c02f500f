"""Routes to register, see and name models and their versions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.registry.evaluations import endpoints as evaluations
from operation_server.registry.gates import endpoints as gates
from operation_server.registry.places import Alias, Name, Version
from operation_server.registry.rollouts import endpoints as rollouts
from operation_server.registry.schemas import (
    AliasChange,
    AliasRead,
    ModelCard,
    ModelCreate,
    ModelList,
    ModelOwnerChange,
    ModelRead,
    VersionCreate,
    VersionList,
    VersionRead,
)
from operation_server.registry.service import RegistryService

router = APIRouter(tags=["models"], route_class=StrictJSONRoute)

MODEL_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": ModelRead, "description": "It was registered already"}
}
VERSION_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": VersionRead, "description": "It was registered already"}
}


@router.post(
    "/models",
    status_code=status.HTTP_201_CREATED,
    responses=MODEL_KNOWN | problem_responses(400, 401, 403, 409, 413, 422, 503),
)
async def register_model(
    caller: CallerDep, services: ServicesDep, response: Response, body: ModelCreate
) -> ModelRead:
    """Register a model: a name and what it takes and answers. The same again is 200.

    It belongs to who registered it; its signature never changes.
    """
    model, is_new = await services[RegistryService].register(caller, body)
    response.headers["Location"] = f"/api/v1/models/{model.name}"
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return model


@router.get("/models", responses=problem_responses(401, 422))
async def list_models(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> ModelList:
    """List models by name."""
    del caller
    return await services[RegistryService].list_page(skip=page.skip, limit=page.limit)


@router.get("/models/{name}", responses=problem_responses(401, 404, 422))
async def read_model(caller: CallerDep, services: ServicesDep, name: Name) -> ModelRead:
    """Show a model, its newest version and its aliases."""
    del caller
    return await services[RegistryService].get(name)


@router.put("/models/{name}/owner", responses=problem_responses(401, 403, 404, 422))
async def change_model_owner(
    caller: CallerDep, services: ServicesDep, name: Name, body: ModelOwnerChange
) -> ModelRead:
    """Hand a model to another account. For its owner and for admins."""
    return await services[RegistryService].hand_over(caller, name, body.owner_id)


@router.post(
    "/models/{name}/versions",
    status_code=status.HTTP_201_CREATED,
    responses=VERSION_KNOWN | problem_responses(400, 401, 403, 404, 413, 422, 503),
)
async def register_version(
    caller: CallerDep, services: ServicesDep, response: Response, name: Name, body: VersionCreate
) -> VersionRead:
    """Register a version: stored files, the server plugin that loads them, and how good it is.

    Versions are numbered from 1 and never change. Files are ONNX, safetensors or JSON, by their bytes too; a
    pickle is refused. They stay as long as the version does. The same again is 200.
    """
    version, is_new = await services[RegistryService].add_version(caller, name, body)
    response.headers["Location"] = f"/api/v1/models/{name}/versions/{version.version}"
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return version


@router.get("/models/{name}/versions", responses=problem_responses(401, 404, 422))
async def list_versions(
    caller: CallerDep, services: ServicesDep, name: Name, page: PaginationDep
) -> VersionList:
    """List the versions of a model, newest first."""
    del caller
    return await services[RegistryService].list_versions(name, skip=page.skip, limit=page.limit)


@router.get("/models/{name}/versions/{version}", responses=problem_responses(401, 404, 422))
async def read_version(caller: CallerDep, services: ServicesDep, name: Name, version: Version) -> VersionRead:
    """Show a version."""
    del caller
    return await services[RegistryService].get_version(name, version)


@router.delete(
    "/models/{name}/versions/{version}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def delete_version(caller: CallerDep, services: ServicesDep, name: Name, version: Version) -> None:
    """Delete a version. One that an alias names or a job needs, which has not ended, stays: 409."""
    await services[RegistryService].delete_version(caller, name, version)


@router.get("/models/{name}/versions/{version}/card", responses=problem_responses(401, 404, 422))
async def read_card(caller: CallerDep, services: ServicesDep, name: Name, version: Version) -> ModelCard:
    """Show all that is known of a version: its files and metrics, and the record of the job that made it."""
    return await services[RegistryService].card(caller, name, version)


@router.put("/models/{name}/aliases/{alias}", responses=problem_responses(401, 403, 404, 409, 422))
async def move_alias(
    caller: CallerDep, services: ServicesDep, name: Name, alias: Alias, body: AliasChange
) -> AliasRead:
    """Let an alias name a version: whoever submits by the alias from now on asks that version.

    Where a gate guards the alias, the version has to pass it: 409 tells the numbers otherwise. `override`
    moves it all the same, and stands in the audit trail.
    """
    return await services[RegistryService].move_alias(caller, name, alias, body)


@router.get("/models/{name}/aliases/{alias}", responses=problem_responses(401, 404, 422))
async def read_alias(caller: CallerDep, services: ServicesDep, name: Name, alias: Alias) -> AliasRead:
    """Show which version an alias names."""
    del caller
    return await services[RegistryService].get_alias(name, alias)


@router.delete(
    "/models/{name}/aliases/{alias}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def delete_alias(caller: CallerDep, services: ServicesDep, name: Name, alias: Alias) -> None:
    """Delete an alias; the version that it names stays. One that a gate guards stays: 409."""
    await services[RegistryService].delete_alias(caller, name, alias)


router.include_router(evaluations.router)
router.include_router(gates.router)
router.include_router(rollouts.router)
