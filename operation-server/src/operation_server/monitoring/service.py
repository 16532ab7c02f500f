"""Says how runs and jobs went lately, and whether the parts of the platform are well."""

from __future__ import annotations

import asyncio
from typing import Final

from operation_server.accounts.access import owner_visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.health.service import CHECK_TIMEOUT_S, HealthService
from operation_server.monitoring import repository
from operation_server.monitoring.schemas import PlatformHealth, PlatformStats, WorkflowCounts
from operation_server.statistics.service import StatisticsService
from operation_server.workers.service import BrokerUnavailable, WorkerService

LATE_S: Final = 30.0
"""Ticks are looked at within a second, or some seconds where another process takes the lead."""


class MonitoringService:
    """Looks at the platform."""

    def __init__(
        self,
        connections: Connections,
        *,
        statistics: StatisticsService,
        health: HealthService,
        workers: WorkerService,
    ) -> None:
        self._connections = connections
        self._statistics = statistics
        self._health = health
        self._workers = workers

    async def stats(self, caller: Account) -> PlatformStats:
        """Return the numbers of the last 24 hours: the caller's own, for admins all."""
        owner_id = owner_visible_to(caller)
        jobs = await self._statistics.summary(caller)
        async with self._connections.connect() as connection:
            runs = await repository.count_runs(connection, owner_id)
            workflows = await repository.count_workflows(connection, owner_id)
        by_status = {row.status: row.number for row in runs}
        ended = sum(by_status.get(status, 0) for status in ("completed", "failed", "cancelled"))
        averages = [float(row.average_s) for row in runs if row.average_s is not None]
        return PlatformStats(
            workflows=WorkflowCounts(
                total=workflows.total, active=workflows.active, deployed=workflows.deployed
            ),
            runs_by_status=by_status,
            jobs_by_status=jobs["by_status"],
            success_rate=by_status.get("completed", 0) / ended if ended else None,
            average_run_s=averages[0] if averages else None,
        )

    async def health(self) -> PlatformHealth:
        """Return how the parts of the platform are; whoever asks."""
        readiness = await self._health.check()
        live = await self._count_workers()
        parts = {
            "database": readiness.database,
            "redis": readiness.redis,
            "disk": readiness.disk,
            "workers": "ok" if live else "none is live",
            "schedules": await self._check_schedules() if readiness.is_ready else "not known",
        }
        is_well = all(told == "ok" for told in parts.values())
        return PlatformHealth(status="healthy" if is_well else "unhealthy", parts=parts, workers=live)

    async def _check_schedules(self) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S), self._connections.connect() as connection:
                lag_s = await repository.schedule_lag_s(connection)
        except (*DATABASE_ERRORS, TimeoutError):
            return "not known"
        return "ok" if lag_s < LATE_S else f"a tick has waited for {lag_s:.0f} s"

    async def _count_workers(self) -> int:
        try:
            return len(await self._workers.list_live())
        except BrokerUnavailable:
            return 0
