"""Routes to see workers."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from operation_server.dependencies import CallerDep, ServicesDep
from operation_server.problems import problem_responses
from satellite.contracts.worker import WorkerHeartbeat

router = APIRouter(tags=["workers"])


class WorkerList(BaseModel):
    """The live workers."""

    total: int
    items: list[WorkerHeartbeat]


@router.get("/workers", responses=problem_responses(401, 503))
async def list_workers(caller: CallerDep, services: ServicesDep) -> WorkerList:
    """List the workers that gave a sign of life in the last 15 seconds."""
    del caller
    beats = list(await services.workers.list_live())
    return WorkerList(total=len(beats), items=beats)
