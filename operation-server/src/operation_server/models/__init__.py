"""ORM classes, one per file, re-exported so that Alembic sees them all."""

from operation_server.models.after_migration import AfterMigration
from operation_server.models.api_key import ApiKey
from operation_server.models.artifact import JobArtifact
from operation_server.models.audit_entry import AuditEntry
from operation_server.models.cluster import Cluster, ClusterEvent, ClusterJob, JobMetricSeries
from operation_server.models.dashboard_session import DashboardSession
from operation_server.models.drained_worker import DrainedWorker
from operation_server.models.event_reader import EventReaderFault, EventReaderMark
from operation_server.models.file_part import FilePart
from operation_server.models.file_use import FileUse
from operation_server.models.incarnation import Incarnation
from operation_server.models.job import Job
from operation_server.models.job_attempt import JobAttempt
from operation_server.models.job_event import JobEvent
from operation_server.models.job_log import JobLog
from operation_server.models.login_failure import LoginFailure
from operation_server.models.model import Model, ModelAlias, ModelFile, ModelVersion
from operation_server.models.model_evaluation import ModelEvaluation, ModelGate
from operation_server.models.model_rollout import ModelRollout, RolloutCount, RolloutJob
from operation_server.models.notification_channel import (
    JobWebhook,
    NotificationChannel,
    NotificationRule,
    NotificationRuleChannel,
    NotificationSecret,
)
from operation_server.models.notification_delivery import (
    NotificationDelivery,
    NotificationSignal,
    WatchMark,
)
from operation_server.models.plugin import Plugin
from operation_server.models.plugin_control import PluginControl
from operation_server.models.plugin_owner import PluginOwner
from operation_server.models.plugin_report import PluginReport
from operation_server.models.refresh_token import RefreshToken
from operation_server.models.rejected_report import RejectedReport
from operation_server.models.run_handle import RunHandle
from operation_server.models.secret import Secret, SecretGrant
from operation_server.models.stored_file import StoredFile
from operation_server.models.user import User
from operation_server.models.user_limit import UserLimit
from operation_server.models.workflow import Workflow, WorkflowTask, WorkflowVersion
from operation_server.models.workflow_backfill import BackfillTick, WorkflowBackfill
from operation_server.models.workflow_run import RunStep, RunTask, RunWakeup, WorkflowRun
from operation_server.models.workflow_schedule import WorkflowSchedule, WorkflowTick
from operation_server.models.ws_ticket import WsTicket

__all__ = [
    "AfterMigration",
    "ApiKey",
    "AuditEntry",
    "BackfillTick",
    "Cluster",
    "ClusterEvent",
    "ClusterJob",
    "DashboardSession",
    "DrainedWorker",
    "EventReaderFault",
    "EventReaderMark",
    "FilePart",
    "FileUse",
    "Incarnation",
    "Job",
    "JobArtifact",
    "JobAttempt",
    "JobEvent",
    "JobLog",
    "JobMetricSeries",
    "JobWebhook",
    "LoginFailure",
    "Model",
    "ModelAlias",
    "ModelEvaluation",
    "ModelFile",
    "ModelGate",
    "ModelRollout",
    "ModelVersion",
    "NotificationChannel",
    "NotificationDelivery",
    "NotificationRule",
    "NotificationRuleChannel",
    "NotificationSecret",
    "NotificationSignal",
    "Plugin",
    "PluginControl",
    "PluginOwner",
    "PluginReport",
    "RefreshToken",
    "RejectedReport",
    "RolloutCount",
    "RolloutJob",
    "RunHandle",
    "RunStep",
    "RunTask",
    "RunWakeup",
    "Secret",
    "SecretGrant",
    "StoredFile",
    "User",
    "UserLimit",
    "WatchMark",
    "Workflow",
    "WorkflowBackfill",
    "WorkflowRun",
    "WorkflowSchedule",
    "WorkflowTask",
    "WorkflowTick",
    "WorkflowVersion",
    "WsTicket",
]
