"""The services of one API process, built once at its start."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.accounts.service import AccountService
from operation_server.deadletters.service import DeadLetterService
from operation_server.health.service import HealthService
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.service import JobService
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.hub import Hub
from operation_server.metrics.platform import PlatformStateReader
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.service import PluginService
from operation_server.settings import OperationSettings
from operation_server.statistics.service import StatisticsService
from operation_server.workers.service import WorkerService


@dataclass(frozen=True, kw_only=True)
class Services:
    """What endpoints may call."""

    accounts: AccountService
    plugins: PluginService
    jobs: JobService
    dead_letters: DeadLetterService
    workers: WorkerService
    statistics: StatisticsService
    health: HealthService
    platform_state: PlatformStateReader
    hub: Hub
    after_commit: AfterCommit


def build_services(
    settings: OperationSettings, *, engine: AsyncEngine, redis: Redis, hub: Hub, publisher: EventPublisher
) -> Services:
    """Wire the services together."""
    catalog = PluginCatalog(engine)
    after_commit = AfterCommit(publisher=publisher, redis=redis)
    workers = WorkerService(redis)
    return Services(
        accounts=AccountService(engine, settings.auth),
        plugins=PluginService(engine, catalog),
        jobs=JobService(engine, catalog=catalog, after_commit=after_commit, hub=hub, workers=workers),
        dead_letters=DeadLetterService(engine, after_commit=after_commit),
        workers=workers,
        statistics=StatisticsService(engine),
        health=HealthService(engine, redis),
        platform_state=PlatformStateReader(engine, redis),
        hub=hub,
        after_commit=after_commit,
    )
