"""Routes to store, list, grant and delete secrets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.secrets.schemas import SecretCreate, SecretList, SecretRead, SecretReplace
from operation_server.secrets.service import SecretService
from satellite.contracts.plugin_manifest import PluginName

router = APIRouter(prefix="/secrets", tags=["secrets"], route_class=StrictJSONRoute)

SecretId = Annotated[str, Path(max_length=64, examples=["3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"])]
Plugin = Annotated[PluginName, Path(examples=["example-classifier"])]


@router.post(
    "", status_code=status.HTTP_201_CREATED, responses=problem_responses(401, 403, 404, 409, 422, 503)
)
async def create_secret(caller: CallerDep, services: ServicesDep, body: SecretCreate) -> SecretRead:
    """Store a secret; no answer ever holds its value."""
    return await services[SecretService].create(
        caller,
        name=body.name,
        value=body.value.get_secret_value(),
        for_all=body.for_all,
        plugins=body.plugins,
    )


@router.get("", responses=problem_responses(401, 403, 422))
async def list_secrets(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> SecretList:
    """List the secrets that the caller's jobs may be given, by name; for admins everybody's."""
    return await services[SecretService].list_page(caller, skip=page.skip, limit=page.limit)


@router.put("/{secret_id}/value", responses=problem_responses(401, 403, 404, 422, 503))
async def replace_secret(
    caller: CallerDep, services: ServicesDep, secret_id: SecretId, body: SecretReplace
) -> SecretRead:
    """Put another value in place of a secret's: jobs that begin from now on are given that."""
    return await services[SecretService].replace(caller, secret_id, body.value.get_secret_value())


@router.delete(
    "/{secret_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(401, 403, 404)
)
async def delete_secret(caller: CallerDep, services: ServicesDep, secret_id: SecretId) -> None:
    """Delete a secret."""
    await services[SecretService].delete(caller, secret_id)


@router.put(
    "/{secret_id}/plugins/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def grant_secret(caller: CallerDep, services: ServicesDep, secret_id: SecretId, name: Plugin) -> None:
    """Let jobs of a plugin have a secret, in whatever version of the plugin."""
    await services[SecretService].grant(caller, secret_id, name)


@router.delete(
    "/{secret_id}/plugins/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def revoke_secret(caller: CallerDep, services: ServicesDep, secret_id: SecretId, name: Plugin) -> None:
    """Let jobs of a plugin that begin from now on have a secret no more."""
    await services[SecretService].revoke(caller, secret_id, name)
