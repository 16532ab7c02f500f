"""Routes to see, drain and resume workers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.problems import problem_responses
from operation_server.workers.draining import DrainService
from operation_server.workers.service import WorkerService
from satellite.contracts.worker import WORKER_NAME, WorkerHeartbeat

router = APIRouter(tags=["workers"])

Name = Annotated[str, Path(pattern=WORKER_NAME, examples=["gpu-1"])]

WORKER_EXAMPLE: dict[str, Any] = {
    "name": "gpu-1",
    "host": "gpu-host",
    "pid": 4711,
    "version": "1.0.0",
    "runtime": "container",
    "runtime_reason": "Containers, because a container engine (28.0.1) answers.",
    "weaknesses": ["Docker 28.0.1 has known faults; update it to 29.5.1 or newer."],
    "runtimes": ["container"],
    "labels": {"zone": "a"},
    "serves": ["default"],
    "queues": ["satellite.execute", "satellite.execute.gpu", "satellite.execute.class.5f1d02c9a77e43b8"],
    "slots": 8,
    "slots_taken": 1,
    "seats": 64,
    "running": [[42, 1]],
    "draining": False,
    "drained": False,
    "consumer_ok": True,
    "loaded": [
        {
            "name": "segmenter",
            "version": "2.1.0",
            "busy": True,
            "memory_mib": 4096,
            "gpu_memory_mib": 12000,
            "gpu_ids": ["GPU-5f1d"],
        }
    ],
    "spares": [{"name": "resizer", "version": "1.4.0", "count": 2, "memory_mib": 256, "gpu_ids": []}],
    "started_at": "2026-01-02T03:04:05Z",
    "seen_at": "2026-01-02T04:04:05Z",
}


LIST_EXAMPLE: dict[str, Any] = {"total": 1, "items": [WORKER_EXAMPLE], "drained": ["gpu-2"]}


class WorkerList(BaseModel):
    """The live workers."""

    model_config = ConfigDict(json_schema_extra={"examples": [LIST_EXAMPLE]})

    total: int
    items: list[WorkerHeartbeat]
    drained: list[str] = Field(description="Whom admins have drained, also those that do not live now.")
    flower_url: str | None = Field(
        default=None, description="Where browsers find Flower, if it is told.", examples=["/flower/"]
    )


class WorkerDrain(BaseModel):
    """Whether a worker is drained."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "gpu-1", "drained": True}]})

    name: str
    drained: bool


@router.get("/workers", responses=problem_responses(401, 503))
async def list_workers(caller: CallerDep, services: ServicesDep, request: Request) -> WorkerList:
    """List the workers that gave a sign of life in the last 15 seconds."""
    del caller
    beats = list(await services[WorkerService].list_live())
    drained = list(await services[DrainService].list_drained())
    return WorkerList(total=len(beats), items=beats, drained=drained, flower_url=request.app.state.flower_url)


@router.post("/workers/{name}/drain", responses=problem_responses(401, 403, 404, 422, 503))
async def drain_worker(caller: CallerDep, services: ServicesDep, name: Name) -> WorkerDrain:
    """Let it take no further jobs, also after a restart; it ends what it runs, and others take what waits."""
    await services[DrainService].set_drained(caller, name, drained=True)
    return WorkerDrain(name=name, drained=True)


@router.post("/workers/{name}/resume", responses=problem_responses(401, 403, 404, 422, 503))
async def resume_worker(caller: CallerDep, services: ServicesDep, name: Name) -> WorkerDrain:
    """Let it take jobs again, at once or when it is back."""
    await services[DrainService].set_drained(caller, name, drained=False)
    return WorkerDrain(name=name, drained=False)
