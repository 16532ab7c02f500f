"""Routes of connectors, which sign their requests as workers do."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.clusters.reporting.service import ClusterReporting
from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.workers.signature import WorkerTokenDep
from satellite.contracts.cluster import (
    ClusterJobReport,
    ClusterReport,
    ClusterReportAnswer,
    ClustersRequest,
    SealedClusters,
)

# Between the servers, so no part of what clients are told.
router = APIRouter(prefix="/worker/clusters", route_class=StrictJSONRoute, include_in_schema=False)


@router.post("")
async def give_clusters(
    token: WorkerTokenDep, services: ServicesDep, body: ClustersRequest
) -> SealedClusters:
    """Give a connector all clusters, with their private keys sealed for it alone."""
    return await services[ClusterReporting].give(body, token=token)


@router.post("/report")
async def take_report(
    token: WorkerTokenDep, services: ServicesDep, body: ClusterReport
) -> ClusterReportAnswer:
    """Take how a cluster is; the answer says whether it was changed, or is to be probed."""
    del token
    return await services[ClusterReporting].take(body)


@router.post("/jobs")
async def take_job_report(
    token: WorkerTokenDep, services: ServicesDep, body: ClusterJobReport
) -> dict[str, bool]:
    """Take how an attempt is on its cluster; `taken` is false of one that is none of that cluster's."""
    del token
    return {"taken": await services[ClusterReporting].take_job(body)}
