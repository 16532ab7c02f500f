"""Routes to register, see, trust, drain and delete clusters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.clusters.schemas import (
    ActiveJobList,
    ClusterChange,
    ClusterCreate,
    ClusterEventList,
    ClusterList,
    ClusterRead,
    NodeList,
    TrustRequest,
)
from operation_server.clusters.service import ClusterService
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from satellite.contracts.cluster_needs import ClusterName

router = APIRouter(prefix="/clusters", tags=["clusters"], route_class=StrictJSONRoute)

Name = Annotated[ClusterName, Path(examples=["lab"])]


@router.post("", status_code=status.HTTP_201_CREATED, responses=problem_responses(401, 403, 409, 422, 503))
async def create_cluster(
    caller: CallerDep, services: ServicesDep, response: Response, body: ClusterCreate
) -> ClusterRead:
    """Register a cluster. Put `authorized_key` into its `authorized_keys`, then confirm its host's key."""
    cluster = await services[ClusterService].create(caller, body)
    response.headers["Location"] = f"/api/v1/clusters/{cluster.name}"
    return cluster


@router.get("", responses=problem_responses(401, 403))
async def list_clusters(caller: CallerDep, services: ServicesDep) -> ClusterList:
    """List all clusters by name, each as its connector has seen it last."""
    return await services[ClusterService].list_all(caller)


@router.get("/{name}", responses=problem_responses(401, 403, 404, 422))
async def read_cluster(caller: CallerDep, services: ServicesDep, name: Name) -> ClusterRead:
    """Show a cluster."""
    return await services[ClusterService].get(caller, name)


@router.patch("/{name}", responses=problem_responses(401, 403, 404, 409, 422, 503))
async def change_cluster(
    caller: CallerDep, services: ServicesDep, name: Name, body: ClusterChange
) -> ClusterRead:
    """Change a cluster; at another address its key has to be confirmed anew."""
    return await services[ClusterService].change(caller, name, body)


@router.delete(
    "/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(401, 403, 404, 409, 422)
)
async def delete_cluster(caller: CallerDep, services: ServicesDep, name: Name) -> None:
    """Delete a cluster with its key; 409 while jobs are active there."""
    await services[ClusterService].delete(caller, name)


@router.post(
    "/{name}/probe",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(401, 403, 404, 422),
)
async def probe_cluster(caller: CallerDep, services: ServicesDep, name: Name) -> ClusterRead:
    """Have its connector look at everything anew, also where it was not let in; `checks` tell soon."""
    return await services[ClusterService].probe(caller, name)


@router.post("/{name}/trust", responses=problem_responses(401, 403, 404, 409, 422))
async def trust_cluster(
    caller: CallerDep, services: ServicesDep, name: Name, body: TrustRequest
) -> ClusterRead:
    """Confirm the key that a host on the way has shown: once for each host, and again when it changes."""
    return await services[ClusterService].trust(caller, name, body.fingerprint)


@router.post("/{name}/drain", responses=problem_responses(401, 403, 404, 422))
async def drain_cluster(caller: CallerDep, services: ServicesDep, name: Name) -> ClusterRead:
    """Send it no further jobs; those that are there go on."""
    return await services[ClusterService].set_draining(caller, name, draining=True)


@router.post("/{name}/resume", responses=problem_responses(401, 403, 404, 422))
async def resume_cluster(caller: CallerDep, services: ServicesDep, name: Name) -> ClusterRead:
    """Send it jobs again."""
    return await services[ClusterService].set_draining(caller, name, draining=False)


@router.get("/{name}/nodes", responses=problem_responses(401, 403, 404, 422))
async def list_nodes(caller: CallerDep, services: ServicesDep, name: Name) -> NodeList:
    """List its nodes with their cards, how much of these is used, and by whom."""
    return await services[ClusterService].list_nodes(caller, name)


@router.get("/{name}/jobs", responses=problem_responses(401, 403, 404, 422))
async def list_cluster_jobs(caller: CallerDep, services: ServicesDep, name: Name) -> ActiveJobList:
    """List the jobs that are active there: the caller's own, for admins and viewers all."""
    return await services[ClusterService].list_jobs(caller, name)


@router.get("/{name}/events", responses=problem_responses(401, 403, 404, 422))
async def list_cluster_events(
    caller: CallerDep, services: ServicesDep, name: Name, page: PaginationDep
) -> ClusterEventList:
    """List the changes of its state, newest first; the last 1,000 are kept."""
    return await services[ClusterService].list_events(caller, name, skip=page.skip, limit=page.limit)
