"""Routes for probes; open, and saying nothing worth hiding."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from operation_server.dependencies import ServicesDep
from operation_server.health.service import HealthService

router = APIRouter(tags=["health"])


class HealthRead(BaseModel):
    """This process lives."""

    status: str = Field(examples=["ok"])


class ReadyRead(BaseModel):
    """Whether this process can serve, and what it found."""

    status: str = Field(examples=["ready"])
    database: str = Field(examples=["ok"])
    redis: str = Field(description="Not needed to accept jobs; they run once it is back.", examples=["ok"])
    disk: str = Field(description="While it is full nothing is accepted; reading goes on.", examples=["ok"])


@router.get("/health")
async def read_health() -> HealthRead:
    """Say that the process lives."""
    return HealthRead(status="ok")


@router.get("/ready", responses={503: {"model": ReadyRead, "description": "Not ready"}})
async def read_ready(services: ServicesDep, response: Response) -> ReadyRead:
    """Say whether requests can be served: the database answers and is migrated."""
    found = await services[HealthService].check()
    if not found.is_ready:
        response.status_code = 503
    return ReadyRead(
        status="ready" if found.is_ready else "not ready",
        database=found.database,
        redis=found.redis,
        disk=found.disk,
    )
