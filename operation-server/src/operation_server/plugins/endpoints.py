"""Routes to register, see, delete and control plugins."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response, status
from fastapi.exceptions import RequestValidationError

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.plugins.errors import PluginInvalid
from operation_server.plugins.schemas import (
    EXAMPLE,
    PluginControlChange,
    PluginList,
    PluginOwnerChange,
    PluginOwnerRead,
    PluginRead,
)
from operation_server.plugins.service import PluginService
from operation_server.problems import Violation, problem_responses
from satellite.contracts.json_text import json_pointer
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import Report


class ManifestRoute(StrictJSONRoute):
    """Turns what is wrong with a manifest into `PluginInvalid`; malformed JSON stays malformed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with its validation errors translated."""
        handle = super().get_route_handler()

        async def handle_manifest(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as exc:
                errors = exc.errors()
                if any(
                    error["type"] in {"json_invalid", "json_refused"}
                    or (error["loc"] == ("body",) and error["type"] == "missing")
                    for error in errors
                ):
                    raise
                raise PluginInvalid([_violation(error) for error in errors]) from exc

        return handle_manifest


router = APIRouter(tags=["plugins"], route_class=StrictJSONRoute)
registration = APIRouter(tags=["plugins"], route_class=ManifestRoute)

REGISTERED_ALREADY: dict[int | str, dict[str, Any]] = {
    200: {"model": PluginRead, "description": "It was registered already"}
}
Name = Annotated[str, Path(max_length=64, examples=["example-classifier"])]
Version = Annotated[str, Path(max_length=64, examples=["1.0.0"])]
VersionQuery = Annotated[
    str | None, Query(max_length=64, description="The newest registration unless given.")
]


@registration.post(
    "/plugins",
    status_code=status.HTTP_201_CREATED,
    responses=REGISTERED_ALREADY | problem_responses(400, 401, 403, 409, 413, 422, 503),
)
async def register_plugin(
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    manifest: Annotated[
        PluginManifest, Body(openapi_examples={"classifier": {"summary": "A classifier", "value": EXAMPLE}})
    ],
) -> PluginRead:
    """Register a plugin version from its `plugin.json`; the same content again is 200.

    A name belongs to who registered it first; others are refused, admins excepted.
    """
    row, made = await services[PluginService].register(caller, manifest)
    if not made:
        response.status_code = status.HTTP_200_OK
    return PluginRead.of(row)


@router.get("/plugins", responses=problem_responses(401, 422))
async def list_plugins(
    caller: CallerDep,
    services: ServicesDep,
    page: PaginationDep,
    name: Annotated[str | None, Query(max_length=64, description="Part of the name.")] = None,
) -> PluginList:
    """List plugins by name, the newest version of each."""
    del caller
    total, rows = await services[PluginService].list_latest(name=name, skip=page.skip, limit=page.limit)
    return PluginList(total=total, items=[PluginRead.of(row) for row in rows])


@router.get("/plugins/{name}", responses=problem_responses(401, 404))
async def read_plugin(
    caller: CallerDep, services: ServicesDep, name: Name, version: VersionQuery = None
) -> PluginRead:
    """Show a plugin, by default its newest version."""
    del caller
    return PluginRead.of(await services[PluginService].get(name, version))


@router.get("/plugins/{name}/versions", responses=problem_responses(401, 404))
async def list_plugin_versions(caller: CallerDep, services: ServicesDep, name: Name) -> PluginList:
    """List all versions of a plugin, newest registration first."""
    del caller
    rows = await services[PluginService].list_versions(name)
    return PluginList(total=len(rows), items=[PluginRead.of(row) for row in rows])


@router.get("/plugins/{name}/versions/{version}", responses=problem_responses(401, 404))
async def read_plugin_version(
    caller: CallerDep, services: ServicesDep, name: Name, version: Version
) -> PluginRead:
    """Show a version of a plugin."""
    del caller
    return PluginRead.of(await services[PluginService].get(name, version))


@router.put(
    "/plugins/{name}/versions/{version}/report",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409, 413, 422),
)
async def keep_plugin_report(
    caller: CallerDep, services: ServicesDep, name: Name, version: Version, body: Report
) -> None:
    """Keep what `satellite plugin test` said of a version, for its owner and admins; the last one stays."""
    await services[PluginService].keep_report(caller, name, version, body)


@router.get("/plugins/{name}/versions/{version}/report", responses=problem_responses(401, 404))
async def read_plugin_report(
    caller: CallerDep, services: ServicesDep, name: Name, version: Version
) -> Report:
    """Show what `satellite plugin test` said of a version."""
    del caller
    return await services[PluginService].get_report(name, version)


@router.delete(
    "/plugins/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 409),
)
async def delete_plugin(
    caller: CallerDep,
    services: ServicesDep,
    name: Name,
    version: Annotated[str | None, Query(max_length=64, description="All versions unless given.")] = None,
) -> None:
    """Delete a plugin or one version; refused while jobs of it are queued or processing."""
    await services[PluginService].delete(caller, name, version)


@router.put("/plugins/{name}/owner", responses=problem_responses(401, 403, 404, 422))
async def change_plugin_owner(
    caller: CallerDep, services: ServicesDep, name: Name, body: PluginOwnerChange
) -> PluginOwnerRead:
    """Hand a plugin name to another account. For its owner and for admins."""
    return PluginOwnerRead(
        name=name, owner_id=await services[PluginService].hand_over(caller, name, body.owner_id)
    )


@router.post("/plugins/{name}/pause", responses=problem_responses(401, 403, 404))
async def pause_plugin(caller: CallerDep, services: ServicesDep, name: Name) -> PluginRead:
    """Start no more jobs of a plugin; running ones go on. For admins."""
    return PluginRead.of(await services[PluginService].control(caller, name, is_paused=True))


@router.post("/plugins/{name}/resume", responses=problem_responses(401, 403, 404))
async def resume_plugin(caller: CallerDep, services: ServicesDep, name: Name) -> PluginRead:
    """Start jobs of a paused plugin again. For admins."""
    return PluginRead.of(await services[PluginService].control(caller, name, is_paused=False))


@router.patch("/plugins/{name}/control", responses=problem_responses(401, 403, 404, 422))
async def change_plugin_control(
    caller: CallerDep, services: ServicesDep, name: Name, body: PluginControlChange
) -> PluginRead:
    """Limit how many jobs of a plugin run at once. For admins."""
    return PluginRead.of(await services[PluginService].control(caller, name, max_running=body.max_running))


def _violation(error: dict[str, Any]) -> Violation:
    path = error["loc"][1:]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is not a key of a plugin manifest"
    return Violation(json_pointer(path), message)


router.include_router(registration)
