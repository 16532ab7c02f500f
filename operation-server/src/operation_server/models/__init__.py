"""ORM classes, one per file, re-exported so that Alembic sees them all."""

from operation_server.models.job import Job
from operation_server.models.job_attempt import JobAttempt
from operation_server.models.job_event import JobEvent
from operation_server.models.job_log import JobLog
from operation_server.models.plugin import Plugin
from operation_server.models.plugin_control import PluginControl
from operation_server.models.plugin_owner import PluginOwner
from operation_server.models.rejected_report import RejectedReport
from operation_server.models.user import User

__all__ = [
    "Job",
    "JobAttempt",
    "JobEvent",
    "JobLog",
    "Plugin",
    "PluginControl",
    "PluginOwner",
    "RejectedReport",
    "User",
]
