"""Requests to models, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operation_server.jobs.schemas.requests import digest_of
from satellite.contracts import numbers
from satellite.contracts.job import JobStatus
from satellite.contracts.notification import JobWebhook
from satellite.contracts.outcome import JobError

REQUEST: dict[str, Any] = {
    "model_name": "lstm_timeseries",
    "data": [1.2, 2.3, 3.1, 2.8, 3.5, 4.2, 3.9, 4.5],
    "config": {"forecast_steps": 5},
}
STATUS: dict[str, Any] = {
    "job_id": 42,
    "model_name": "lstm_timeseries",
    "model_version": 3,
    "status": "completed",
    "progress": None,
    "attempt": 1,
    "error_message": None,
    "error": None,
    "created_at": "2026-01-02T03:04:05.000000+00:00",
    "started_at": "2026-01-02T03:04:05.010000+00:00",
    "completed_at": "2026-01-02T03:04:05.021000+00:00",
}


class InferenceCreate(BaseModel):
    """A request to a model."""

    model_config = ConfigDict(
        extra="forbid", protected_namespaces=(), json_schema_extra={"examples": [REQUEST]}
    )

    model_name: str = Field(
        min_length=1,
        max_length=200,
        description="`name@3` is a version, `name@alias` what the alias names now; a name alone is its "
        "`champion`, or else its newest version.",
    )
    data: Any = Field(description="What the model's signature asks for.")
    config: dict[str, Any] | None = Field(default=None, description="Likewise.")
    priority: numbers.Priority = Field(
        default=0, description="9 goes first; a step is worth 60 s of waiting."
    )
    timeout_s: numbers.TimeoutS | None = Field(
        default=None, description="At most that of the plugin that loads the model."
    )
    queue_ttl_s: numbers.QueueTtlS | None = Field(
        default=None, description="Fail when it has waited so long; at most the plugin's own."
    )

    webhook: JobWebhook | None = Field(
        default=None, description="Told of the end, signed by what POST /api/v1/webhook-secret gives."
    )
    split_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="While a version is tried on part of what is asked, requests of one key are answered by "
        "the same version; without it each is on its own.",
    )

    def digest(self) -> str:
        """Return the SHA-256 of the request, to tell a repeated one from another under the same key."""
        return digest_of({"inference": self.model_dump(exclude_unset=True)})

    def plugin_input(self) -> dict[str, Any]:
        """Return what the model's plugin is given."""
        return {"data": self.data} if self.config is None else {"data": self.data, "config": self.config}


class InferenceStatus(BaseModel):
    """How far a request to a model is; `/jobs/{job_id}` tells more."""

    model_config = ConfigDict(protected_namespaces=(), json_schema_extra={"examples": [STATUS]})

    job_id: int
    model_name: str
    model_version: int = Field(description="The version that answers, fixed when the request was accepted.")
    status: JobStatus
    progress: float | None
    attempt: int
    error_message: str | None
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class InferenceResult(InferenceStatus):
    """What became of a request to a model."""

    model_config = ConfigDict(
        protected_namespaces=(),
        json_schema_extra={"examples": [STATUS | {"result": {"forecast": [4.1, 4.6]}}]},
    )

    result: Any = Field(description="Null unless it completed.")
