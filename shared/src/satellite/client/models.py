"""Typed answers of the API. Fields of a newer server are kept out of the way, not refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.job import JobStatus
from satellite.contracts.worker import WorkerHeartbeat

Item = TypeVar("Item")


Status = Annotated[JobStatus | str, Field(union_mode="left_to_right")]
"""A state of a job, or the word for one that only a newer server knows."""


class Answer(BaseModel):
    """An answer of the API."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Grant(Answer):
    """An access token and for how many seconds it holds."""

    access_token: str
    expires_in: float | None = None


class Job(Answer):
    """One submission and what became of it."""

    id: int
    plugin_name: str
    plugin_version: str
    status: Status
    input_data: Any = None
    result: Any = None
    error_message: str | None = None
    error: dict[str, Any] | None = None
    owner_id: int | None = None
    priority: int = 0
    attempt: int = 0
    failures: int = 0
    max_retries: int = 0
    timeout_s: float | None = None
    cancelling: bool = False
    worker: str | None = None
    run_at: datetime | None = None
    expires_at: datetime | None = None
    progress: float | None = None
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    timings: dict[str, Any] | None = None

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing more happens to the job on its own."""
        return isinstance(self.status, JobStatus) and self.status.is_terminal


class Plugin(Answer):
    """One version of a plugin."""

    id: int | None = None
    name: str
    version: str
    description: str = ""
    docker_image: str | None = None
    owner_id: int | None = None
    input_schema: dict[str, Any] = Field(default_factory=dict)
    output_schema: dict[str, Any] = Field(default_factory=dict)


Worker = WorkerHeartbeat


class Page(Answer, Generic[Item]):
    """Some items of a list and how many there are in all."""

    total: int
    items: list[Item]
