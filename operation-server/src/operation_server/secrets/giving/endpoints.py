"""The route by which workers ask for the secrets of the attempts that they run."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.secrets.giving.service import SecretGiving
from operation_server.workers.signature import WorkerTokenDep
from satellite.contracts.run_secrets import RunSecretsRequest, SealedSecrets

# Between the servers, so no part of what clients are told.
router = APIRouter(prefix="/worker", route_class=StrictJSONRoute, include_in_schema=False)


@router.post("/secrets")
async def give_secrets(
    token: WorkerTokenDep, services: ServicesDep, body: RunSecretsRequest
) -> SealedSecrets:
    """Give a worker the secrets of an attempt, sealed for it alone."""
    return await services[SecretGiving].give(body, token=token)
