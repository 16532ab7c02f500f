"""Routes to see the platform at a glance."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.monitoring.schemas import PlatformHealth, PlatformStats
from operation_server.monitoring.service import MonitoringService
from operation_server.problems import problem_responses

router = APIRouter(prefix="/monitoring", tags=["statistics"])


@router.get("/stats", responses=problem_responses(401, 403))
async def read_stats(caller: CallerDep, services: ServicesDep) -> PlatformStats:
    """Show how runs and jobs of the last 24 hours went: the caller's own, for admins all."""
    return await services[MonitoringService].stats(caller)


@router.get("/health", responses=problem_responses(503))
async def read_health(services: ServicesDep) -> PlatformHealth:
    """Show how the parts of the platform are."""
    return await services[MonitoringService].health()
