"""The services of one API process, built once at its start."""

from __future__ import annotations

from redis.asyncio import Redis

from operation_server.accounts.callers import Callers
from operation_server.accounts.keys.service import KeyService
from operation_server.accounts.keys.usage import KeyUsage
from operation_server.accounts.limits.service import AccountLimitsService
from operation_server.accounts.passwords import PasswordHashing
from operation_server.accounts.service import AccountService
from operation_server.accounts.sessions.login import PasswordLogin
from operation_server.accounts.sessions.service import SessionService
from operation_server.accounts.tokens import TokenSigner
from operation_server.artifacts.service import ArtifactService
from operation_server.audit.service import AuditService
from operation_server.clusters.reporting.service import ClusterReporting
from operation_server.clusters.service import ClusterService
from operation_server.database.connections import Connections
from operation_server.database.disk_memory import DiskMemory
from operation_server.deadletters.service import DeadLetterService
from operation_server.dependencies import Services
from operation_server.dispatch.queue_lengths import queue_lengths
from operation_server.files.attempts.service import AttemptFileService
from operation_server.files.grants import Grants
from operation_server.files.service import FileService
from operation_server.files.storage import FileStorage
from operation_server.files.uploads.service import UploadService
from operation_server.gpu_jobs.service import GpuJobService
from operation_server.gpu_jobs.workspaces.service import WorkspaceService
from operation_server.health.service import HealthService
from operation_server.incarnations.watch import DatabaseWatch
from operation_server.inference.service import InferenceService
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.changes import JobChangeService
from operation_server.jobs.loss_budget import loss_budget
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.service import JobService
from operation_server.jobs.submission.service import SubmissionService
from operation_server.limits.rates import Rates
from operation_server.limits.requests import RequestLimits
from operation_server.limits.submissions import SubmissionLimits
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.hub import Hub
from operation_server.metrics.platform import PlatformStateReader
from operation_server.monitoring.service import MonitoringService
from operation_server.notifications.channels.addresses import ChannelAddresses
from operation_server.notifications.channels.service import ChannelService
from operation_server.notifications.deliveries.service import DeliveryService
from operation_server.notifications.rules.service import RuleService
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.isolation import Isolation
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.plugins.service import PluginService
from operation_server.registry.evaluations.service import EvaluationService
from operation_server.registry.gates.service import GateService
from operation_server.registry.rollouts.service import RolloutService
from operation_server.registry.service import RegistryService
from operation_server.registry.trainability import Trainability
from operation_server.registry.trained_files import TrainedFileExaminer
from operation_server.rejections.service import RejectionService
from operation_server.secrets.giving.availability import SecretAvailability
from operation_server.secrets.giving.service import SecretGiving
from operation_server.secrets.key_ring import KeyRing
from operation_server.secrets.service import SecretService
from operation_server.settings import OperationSettings
from operation_server.statistics.service import StatisticsService
from operation_server.trail.refusals import Refusals
from operation_server.webhooks.addresses import AddressPolicy
from operation_server.webhooks.door import WebhookDoor
from operation_server.workers.draining import DrainService
from operation_server.workers.service import WorkerService
from operation_server.workflows.airflow.dags import DagFolder
from operation_server.workflows.backfills.service import BackfillService
from operation_server.workflows.deploying.service import DeploymentService
from operation_server.workflows.deploying.snippet_check import SnippetCheck
from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.runs.changes import WorkflowRunChanges
from operation_server.workflows.runs.restart_service import RestartService
from operation_server.workflows.runs.service import RunService
from operation_server.workflows.schedules.service import ScheduleService
from operation_server.workflows.service import WorkflowService
from operation_server.workflows.transitions import VersionMemory
from operation_server.workflows.trying import TryService


def build_services(
    settings: OperationSettings,
    *,
    connections: Connections,
    redis: Redis,
    hub: Hub,
    publisher: EventPublisher,
    rates: Rates,
    watch: DatabaseWatch,
) -> Services:
    """Wire the services together."""
    schemas = SchemaChecks()
    catalog = PluginCatalog(connections, schemas)
    after_commit = AfterCommit(publisher=publisher, redis=redis)
    workers = WorkerService(redis)
    users = LimitsOfUsers(connections, settings.limits)
    submissions = SubmissionLimits(connections, rates, users)
    disk = DiskMemory()
    auth = settings.auth
    passwords = PasswordHashing(at_once=auth.hashes_at_once, waiting_max=auth.hashes_waiting)
    signer = TokenSigner(auth.secret_key, previous=auth.previous_secret_keys)
    usage = KeyUsage(connections)
    callers = Callers(connections, signer, usage)
    storage = FileStorage.of(settings.files)
    ring = KeyRing.of(settings.secrets)
    isolation = Isolation(workers, is_open=settings.plugins.open_without_isolation)
    webhooks = WebhookDoor(ring, AddressPolicy(settings.notifications.allowed_networks))
    jobs = SubmissionService(
        connections,
        catalog=catalog,
        isolation=isolation,
        secrets=SecretAvailability(connections),
        trainability=Trainability(connections, catalog),
        after_commit=after_commit,
        limits=submissions,
        webhooks=webhooks,
    )
    versions, expressions, dags = VersionMemory(), Evaluator(), DagFolder(settings.airflow)
    shown = JobService(
        connections,
        hub=hub,
        workers=workers,
        asides=AsideNotes(redis),
        losses=loss_budget(settings.dispatch),
    )
    health = HealthService(connections, redis, disk, watch)
    statistics = StatisticsService(connections)
    return Services(
        callers,
        usage,
        AccountService(connections, passwords=passwords, changed=callers.forget),
        KeyService(connections, changed=callers.forget),
        PasswordLogin(connections, passwords),
        SessionService(connections, auth, signer),
        PluginService(connections, catalog, schemas, isolation=isolation),
        RegistryService(connections, storage, catalog=catalog, schemas=schemas),
        RolloutService(connections),
        EvaluationService(connections),
        GateService(connections),
        shown,
        JobChangeService(
            connections, after_commit=after_commit, limits=submissions, runs=WorkflowRunChanges(versions)
        ),
        jobs,
        InferenceService(connections, submissions=jobs, schemas=schemas, hub=hub),
        WorkflowService(connections, dags),
        ScheduleService(connections),
        BackfillService(connections, after_commit=after_commit),
        DeploymentService(
            connections,
            catalog=catalog,
            check=SnippetCheck(jobs, shown),
            workers=workers,
            dags=dags,
            isolation=isolation,
        ),
        RunService(
            connections,
            versions=versions,
            expressions=expressions,
            schemas=schemas,
            after_commit=after_commit,
            limits=submissions,
            webhooks=webhooks,
        ),
        RestartService(connections, versions=versions, after_commit=after_commit, limits=submissions),
        TryService(connections, submissions=jobs, expressions=expressions),
        expressions,
        MonitoringService(connections, statistics=statistics, health=health, workers=workers),
        DeadLetterService(connections, catalog=catalog, after_commit=after_commit, limits=submissions),
        FileService(connections, storage, users, settings.files),
        UploadService(connections, storage, users, settings.files),
        ArtifactService(connections, storage),
        AttemptFileService(
            connections,
            storage,
            Grants(auth.secret_key, previous=auth.previous_secret_keys),
            users,
            settings.files,
            examiner=TrainedFileExaminer(schemas),
        ),
        SecretService(connections, ring),
        ChannelService(
            connections,
            ring,
            rates,
            ChannelAddresses(webhooks, settings.smtp),
            settings.notifications,
        ),
        RuleService(connections),
        DeliveryService(connections, rates, settings.notifications),
        SecretGiving(connections, redis, ring),
        ClusterService(connections, ring),
        ClusterReporting(connections, ring),
        GpuJobService(jobs),
        WorkspaceService(connections, storage),
        RequestLimits(rates, users, settings.limits),
        AccountLimitsService(connections, users, submissions),
        RejectionService(connections),
        workers,
        DrainService(connections, redis, workers),
        statistics,
        AuditService(connections),
        Refusals(connections),
        health,
        disk,
        watch,
        PlatformStateReader(connections, redis, queues=queue_lengths(settings.broker)),
        hub,
        after_commit,
        schemas,
    )
