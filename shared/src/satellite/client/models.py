"""Typed answers of the API. Fields of a newer server are kept out of the way, not refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.file_reference import FILE_KEY
from satellite.contracts.job import JobStatus
from satellite.contracts.worker import WorkerHeartbeat

Item = TypeVar("Item")


Status = Annotated[JobStatus | str, Field(union_mode="left_to_right")]
"""A state of a job, or the word for one that only a newer server knows."""


class Answer(BaseModel):
    """An answer of the API."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Grant(Answer):
    """An access token, for how many seconds it holds, and what gets the next one."""

    access_token: str
    expires_in: float | None = None
    refresh_token: str | None = None


class User(Answer):
    """An account."""

    id: int
    email: str
    full_name: str | None = None
    role: str
    is_active: bool
    created_at: datetime


class ApiKey(Answer):
    """An API key; its text is there only when it has just been made."""

    id: int
    user_id: int
    name: str
    permissions: list[str] | None = None
    plugins: list[str] | None = None
    requests_per_minute: int | None = None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    key: str | None = None


class StoredFile(Answer):
    """A stored file; `sha256` is that of its bytes, in hexadecimal."""

    id: str
    owner_id: int | None = None
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None

    @property
    def reference(self) -> dict[str, str]:
        """Return what the input of a job says where its plugin's schema says `satellite-file`."""
        return {FILE_KEY: self.id}


class Artifact(Answer):
    """A file that a job has written; `name` is its path in the job's output folder."""

    name: str
    file_id: str
    media_type: str
    size_bytes: int
    sha256: str
    expires_at: datetime | None = None

    @property
    def reference(self) -> dict[str, str]:
        """Return what the input of a job says where its plugin's schema says `satellite-file`."""
        return {FILE_KEY: self.file_id}


class Model(Answer):
    """A model, its newest version, and which version each alias names."""

    name: str
    description: str = ""
    signature: dict[str, Any] = Field(default_factory=dict)
    owner_id: int | None = None
    created_at: datetime
    latest_version: int | None = None
    aliases: dict[str, int] = Field(default_factory=dict)


class ModelVersion(Answer):
    """An immutable version of a model; `digest` is of all its files."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_name: str
    version: int
    digest: str
    files: list[dict[str, Any]] = Field(default_factory=list)
    metrics: dict[str, Any] = Field(default_factory=dict)
    plugin_name: str
    plugin_version: str
    job_id: int | None = None
    created_at: datetime
    aliases: list[str] = Field(default_factory=list)


class Evaluation(Answer):
    """How good a version is on data of one SHA-256."""

    id: int
    version: int
    data_digest: str
    data_name: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    job_id: int | None = None
    created_at: datetime


class Gate(Answer):
    """What a version has to reach before an alias is moved to it."""

    alias: str
    metric: str
    data_digest: str
    higher_is_better: bool = True
    at_least: float | None = None
    at_most: float | None = None
    not_worse_than_champion: float | None = None


class Rollout(Answer):
    """How a version is tried on part of what names an alias, and what was counted so far."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_name: str
    alias: str
    stable: int
    candidate: int
    percent: float = 0
    shadow_percent: float = 0
    status: str
    reason: dict[str, Any] | None = None
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    started_at: datetime
    ended_at: datetime | None = None


class Inference(Answer):
    """A request to a model, and what became of it once its job has ended."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    job_id: int
    model_name: str
    model_version: int
    status: Status
    result: Any = None
    error_message: str | None = None
    error: dict[str, Any] | None = None


class Reply(Answer):
    """An answer to an input, and what made it: `name@version`, or what a fallback is called (`degraded`).

    `cached` says that it was made earlier. `job_id` is the job that made it or was to make it.
    """

    result: Any
    made_by: str
    degraded: bool = False
    cached: bool = False
    job_id: int | None = None


class StoredSecret(Answer):
    """A secret without its value; one without an owner is given to jobs of all users."""

    id: str
    owner_id: int | None = None
    name: str
    version: int = 1
    plugins: list[str] = Field(default_factory=list)
    created_at: datetime
    changed_at: datetime | None = None


class Job(Answer):
    """One submission and what became of it."""

    id: int
    kind: str = "job"
    uid: UUID | None = None
    plugin_name: str
    plugin_version: str
    model: str | None = None
    run_id: int | None = None
    status: Status
    input_data: Any = None
    requires: dict[str, Any] = Field(default_factory=dict)
    result: Any = None
    result_artifact: dict[str, Any] | None = None
    artifacts: int = 0
    made: str | None = None
    error_message: str | None = None
    error: dict[str, Any] | None = None
    owner_id: int | None = None
    priority: int = 0
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    max_retries: int = 0
    retry: dict[str, Any] | None = None
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


class Batch(Answer):
    """The ids of jobs that were submitted at once, in their order; `replayed` of them existed already."""

    total: int
    ids: list[int]
    replayed: int = 0


class PluginTrial(Answer):
    """What `satellite plugin test` said of a version of a plugin."""

    passed: bool
    findings: int
    when: datetime


class PluginControl(Answer):
    """What holds for all versions of a plugin."""

    is_paused: bool = False
    max_running: int | None = None


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
    report: PluginTrial | None = None
    control: PluginControl = PluginControl()


Worker = WorkerHeartbeat


class Page(Answer, Generic[Item]):
    """Some items of a list and how many there are in all."""

    total: int
    items: list[Item]


class WorkerPage(Page[Worker]):
    """The live workers, and whom admins have drained."""

    drained: list[str] = Field(default_factory=list)
    """Also those that do not live now."""


class WorkerDrain(Answer):
    """Whether a worker is drained."""

    name: str
    drained: bool
