"""Job states and the messages that carry a job to a worker."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from satellite.contracts.attempt_files import GrantedFile
from satellite.contracts.identity import AttemptKey, JobKey, uid_by_number
from satellite.contracts.message import Message
from satellite.contracts.model_version import GrantedModel
from satellite.contracts.requires import ANYWHERE, Requires
from satellite.contracts.run_handle import RunHandle


class JobStatus(StrEnum):
    """The five states of a job. `cancelling` is a flag on a processing job, not a sixth state."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing more happens to a job in this state on its own."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}


def _uid_of_older_sender(known: dict[str, int]) -> UUID:
    return uid_by_number(known["job_id"])


class AttemptMessage(Message):
    """A message about one attempt. One without `uid` is about a job from before jobs had any."""

    job_id: int
    attempt: int
    uid: UUID = Field(default_factory=_uid_of_older_sender)

    @property
    def key(self) -> AttemptKey:
        """Return what names the attempt."""
        return AttemptKey(self.job_id, self.attempt, self.uid)


class JobMessage(AttemptMessage):
    """One attempt of one job, as sent to a worker under `task_names.EXECUTE_JOB`.

    The manifest travels along, because a worker knows neither PostgreSQL nor the API. Manifest and input are
    JSON text inside the message: to parse them with it took a third of a busy worker's time (2026-11-21), and
    the plugin gets the input as text anyway.
    """

    attempt: int = Field(ge=1)
    owner_id: int
    plugin_digest: str = Field(description="Digest of the manifest; workers cache parsed manifests by it.")
    manifest_json: str = Field(description="A `PluginManifest`.")
    input_json: str
    timeout_s: float = Field(gt=0, description="Execution deadline: the shorter of plugin and job.")
    runs_alone: bool = Field(default=False, description="It begins once nothing else runs on the worker.")
    requires: Requires = Field(default=ANYWHERE, description="What the job adds to that of its manifest.")
    input_files: list[GrantedFile] = Field(default=[], description="The files that its input refers to.")
    artifacts_grant: str | None = Field(
        default=None,
        description="Signs the method PUT and `artifacts_path` for a time; none where no files are stored.",
    )
    traceparent: str | None = Field(
        default=None, description="Its dispatch in the trace of the job, if traced."
    )
    model: GrantedModel | None = Field(default=None, description="What its plugin loads to answer it.")


class StartedReport(AttemptMessage):
    """A worker has claimed an attempt and is about to run it; told again once the run has a handle."""

    worker: str
    started_at: datetime
    generation: int = Field(default=0, ge=0, description="How often the attempt was offered for adoption.")
    handle: RunHandle | None = Field(
        default=None, description="What others could go on with it by, should the worker die."
    )


class ControlAction(StrEnum):
    """What a `ControlMessage` asks of workers."""

    CANCEL = "cancel"


class ControlMessage(Message):
    """A hint on `redis_keys.CONTROL_CHANNEL`; the worker that runs the job acts, the others ignore it."""

    action: ControlAction
    job_id: int
    uid: UUID = Field(default_factory=_uid_of_older_sender)

    @property
    def job(self) -> JobKey:
        """Return what names the job."""
        return JobKey(self.job_id, self.uid)
