"""Requests about jobs, and the answers that only count or name them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from satellite.contracts import numbers
from satellite.contracts.job import JobStatus
from satellite.contracts.notification import JobWebhook
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.contracts.requires import ANYWHERE, Requires

WINES: dict[str, Any] = {
    "rows": [[14.23, 1.71, 2.43, 15.6, 127.0, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065.0]]
}
REQUEST_EXAMPLE: dict[str, Any] = {
    "plugin_name": "example-classifier",
    "input_data": WINES,
    "priority": 5,
}


def digest_of(stated: dict[str, Any]) -> str:
    """Return the SHA-256 of what a request states."""
    text = json.dumps(stated, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class JobCreate(BaseModel):
    """A job to run."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [REQUEST_EXAMPLE]})

    plugin_name: str = Field(min_length=1, max_length=64)
    plugin_version: str | None = Field(
        default=None, min_length=1, max_length=64, description="The newest registration unless given."
    )
    input_data: Any = Field(description="What the plugin's input schema asks for.")
    priority: numbers.Priority = Field(
        default=0, description="9 goes first; a step is worth 60 s of waiting."
    )
    timeout_s: numbers.TimeoutS | None = Field(default=None, description="At most the plugin's own.")
    max_retries: numbers.MaxRetries | None = Field(default=None, description="At most the plugin's own.")
    retry: RetryPolicy | None = Field(
        default=None,
        description="What it states overrides the plugin's `retry` for this job; at most the plugin's own "
        "`max_retries`, and of a plugin that names `kinds` only those.",
    )
    requires: Requires = Field(
        default=ANYWHERE, description="What the worker must be, beside what the plugin requires of it."
    )
    queue_ttl_s: numbers.QueueTtlS | None = Field(
        default=None, description="Fail when it has waited so long; at most the plugin's own."
    )

    webhook: JobWebhook | None = Field(
        default=None, description="Told of the job's end, signed by what POST /api/v1/webhook-secret gives."
    )

    def digest(self) -> str:
        """Return the SHA-256 of the request, to tell a repeated one from another under the same key."""
        return digest_of(self.model_dump(exclude_unset=True, exclude={"idempotency_key"}))


class BatchItem(JobCreate):
    """A job of a batch."""

    idempotency_key: str | None = Field(default=None, min_length=1, max_length=255)


class BatchCreate(BaseModel):
    """Jobs to accept all or not at all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"jobs": [REQUEST_EXAMPLE]}]})

    jobs: list[BatchItem] = Field(min_length=1, max_length=1_000)


class BatchRead(BaseModel):
    """The ids of a batch in its order; ids of jobs that existed under their key are among them."""

    total: int = Field(examples=[2])
    ids: list[int] = Field(examples=[[43, 44]])
    replayed: int = Field(description="How many existed already.", examples=[0])


class CancelRequest(BaseModel):
    """Which jobs to cancel; all conditions hold, and at least one is given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"plugin_name": "example-classifier"}], "minProperties": 1},
    )

    ids: list[numbers.Id] | None = Field(default=None, min_length=1, max_length=10_000)
    status: JobStatus | None = None
    plugin_name: str | None = Field(default=None, min_length=1, max_length=64)

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.ids is None and self.status is None and self.plugin_name is None:
            raise ValueError("give at least one of ids, status and plugin_name")
        return self


class CancelRead(BaseModel):
    """What became of a request to cancel many jobs."""

    cancelled: int = Field(description="Jobs that were waiting and have ended.", examples=[17])
    cancelling: int = Field(description="Jobs that a worker holds and ends now.", examples=[2])
    already_finished: int = Field(examples=[0])
