"""Notifications: what users can be told of, by which channels, and what a webhook receives."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from satellite.contracts.message import Message


class NotificationKind(StrEnum):
    """What a notification is about."""

    JOB_COMPLETED = "job_completed"
    JOB_FAILED = "job_failed"
    """However it failed: rules for it also match the two kinds below."""
    JOB_TIMEOUT = "job_timeout"
    RESOURCES_EXHAUSTED = "resources_exhausted"
    """A job needs what no worker has, a user's queue is full, or something else has run out."""
    JOB_CANCELLED = "job_cancelled"
    RUN_COMPLETED = "run_completed"
    RUN_FAILED = "run_failed"
    RUN_CANCELLED = "run_cancelled"
    RUN_DEADLINE = "run_deadline"
    """A run has passed its deadline, and is cancelled."""
    APPROVAL_WAITING = "approval_waiting"
    """A task of a run waits until somebody approves."""
    WORKER_LOST = "worker_lost"
    SYSTEM_ERROR = "system_error"
    CLUSTER_UNREACHABLE = "cluster_unreachable"
    CLUSTER_UNTRUSTED = "cluster_untrusted"
    CLUSTER_READY = "cluster_ready"
    """A cluster that was neither is there again."""
    TEST = "test"
    """Somebody tries a channel; no rule is for it."""


OF_PLATFORM: Final = frozenset({NotificationKind.WORKER_LOST, NotificationKind.SYSTEM_ERROR})
"""What only admins are told of."""
OF_JOBS: Final = frozenset(
    {
        NotificationKind.JOB_COMPLETED,
        NotificationKind.JOB_FAILED,
        NotificationKind.JOB_TIMEOUT,
        NotificationKind.RESOURCES_EXHAUSTED,
        NotificationKind.JOB_CANCELLED,
        NotificationKind.RUN_COMPLETED,
        NotificationKind.RUN_FAILED,
        NotificationKind.RUN_CANCELLED,
        NotificationKind.RUN_DEADLINE,
        NotificationKind.APPROVAL_WAITING,
    }
)
"""What the webhook of a job or run can be told of."""


URL_LENGTH: Final = 2_000


class ChannelKind(StrEnum):
    """By what a user is told."""

    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    WEBHOOK = "webhook"
    WEBSOCKET = "websocket"


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: refused for good, or not taken within a day."""


class JobWebhook(BaseModel):
    """Where the end of a job or run is told to, signed by the secret of its owner."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://example.com/hook", "events": ["job_failed"]}]},
    )

    url: str = Field(min_length=1, max_length=URL_LENGTH, description="A public address; https.")
    events: list[NotificationKind] = Field(
        default=sorted(OF_JOBS), min_length=1, max_length=20, description="All that end it unless given."
    )

    @field_validator("events")
    @classmethod
    def _are_of_jobs(cls, events: list[NotificationKind]) -> list[NotificationKind]:
        strange = sorted(set(events) - OF_JOBS)
        if strange:
            raise ValueError(f"{strange[0]} is told of no job; what is: {', '.join(sorted(OF_JOBS))}")
        return sorted(set(events))


class WebhookMessage(Message):
    """The body of a webhook; its header `webhook-id` stays the same however often it is sent.

    `data` has, where they apply, `job_id`, `subject`, `status`, `plugin_name`, `plugin_version`, `attempt`,
    `error`, `workflow_id`, `workflow`, `task`, `created_at` and `completed_at`; results are fetched.
    """

    type: NotificationKind
    timestamp: datetime
    data: dict[str, Any] = Field(default_factory=dict)
