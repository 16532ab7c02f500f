"""The services of one API process, built once at its start."""

from __future__ import annotations

from redis.asyncio import Redis

from operation_server.accounts.service import AccountService
from operation_server.database.connections import Connections
from operation_server.database.disk_memory import DiskMemory
from operation_server.deadletters.service import DeadLetterService
from operation_server.dependencies import Services
from operation_server.health.service import HealthService
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.changes import JobChangeService
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.service import JobService
from operation_server.jobs.submission.service import SubmissionService
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.hub import Hub
from operation_server.metrics.platform import PlatformStateReader
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.plugins.service import PluginService
from operation_server.rejections.service import RejectionService
from operation_server.settings import OperationSettings
from operation_server.statistics.service import StatisticsService
from operation_server.workers.service import WorkerService


def build_services(
    settings: OperationSettings,
    *,
    connections: Connections,
    redis: Redis,
    hub: Hub,
    publisher: EventPublisher,
) -> Services:
    """Wire the services together."""
    schemas = SchemaChecks()
    catalog = PluginCatalog(connections, schemas)
    after_commit = AfterCommit(publisher=publisher, redis=redis)
    workers = WorkerService(redis)
    disk = DiskMemory()
    return Services(
        AccountService(connections, settings.auth),
        PluginService(connections, catalog, schemas),
        JobService(
            connections,
            hub=hub,
            workers=workers,
            asides=AsideNotes(redis),
        ),
        JobChangeService(connections, after_commit=after_commit),
        SubmissionService(connections, catalog=catalog, after_commit=after_commit),
        DeadLetterService(connections, catalog=catalog, after_commit=after_commit),
        RejectionService(connections),
        workers,
        StatisticsService(connections),
        HealthService(connections, redis, disk),
        disk,
        PlatformStateReader(connections, redis),
        hub,
        after_commit,
        schemas,
    )
