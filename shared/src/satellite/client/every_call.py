"""All that can be asked of the operation server, so that no client has more or less than the other."""

from __future__ import annotations

from satellite.client.account_calls import AccountCalls
from satellite.client.answer_calls import AnswerCalls
from satellite.client.cluster_calls import ClusterCalls
from satellite.client.file_calls import FileCalls
from satellite.client.gpu_job_calls import GpuJobCalls
from satellite.client.job_calls import JobCalls
from satellite.client.model_calls import ModelCalls
from satellite.client.notification_calls import NotificationCalls
from satellite.client.plugin_calls import PluginCalls
from satellite.client.promotion_calls import PromotionCalls
from satellite.client.run_calls import RunCalls
from satellite.client.schedule_calls import ScheduleCalls
from satellite.client.secret_calls import SecretCalls
from satellite.client.worker_calls import WorkerCalls
from satellite.client.workflow_calls import WorkflowCalls


class EveryCall(
    AccountCalls,
    SecretCalls,
    NotificationCalls,
    PluginCalls,
    JobCalls,
    ClusterCalls,
    GpuJobCalls,
    FileCalls,
    ModelCalls,
    PromotionCalls,
    AnswerCalls,
    WorkerCalls,
    WorkflowCalls,
    RunCalls,
    ScheduleCalls,
):
    """The methods of both clients."""
