"""Job states and the messages that carry a job to a worker."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


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


class Message(BaseModel):
    """A frozen message of the wire; unknown fields of a newer sender are ignored."""

    # Whoever shows a message writes JSON, which has no NaN: one in a heartbeat would hide all workers.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class JobMessage(Message):
    """One attempt of one job, as sent to a worker under `task_names.EXECUTE_JOB`.

    The manifest travels along, because a worker knows neither PostgreSQL nor the API. Manifest and input are
    JSON text inside the message: to parse them with it took a third of a busy worker's time (2026-11-21), and
    the plugin gets the input as text anyway.
    """

    job_id: int
    attempt: int = Field(ge=1)
    owner_id: int
    plugin_digest: str = Field(description="Digest of the manifest; workers cache parsed manifests by it.")
    manifest_json: str = Field(description="A `PluginManifest`.")
    input_json: str
    timeout_s: float = Field(gt=0, description="Execution deadline: the shorter of plugin and job.")


class StartedReport(Message):
    """A worker has claimed an attempt and is about to run it."""

    job_id: int
    attempt: int
    worker: str
    started_at: datetime


class ControlAction(StrEnum):
    """What a `ControlMessage` asks of workers."""

    CANCEL = "cancel"


class ControlMessage(Message):
    """A hint on `redis_keys.CONTROL_CHANNEL`; the worker that runs the job acts, the others ignore it."""

    action: ControlAction
    job_id: int
