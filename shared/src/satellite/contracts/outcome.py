"""What an attempt ended with, as a worker reports it to the operation server."""

from __future__ import annotations

import base64
import zlib
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from satellite.contracts.attempt_files import Artifact
from satellite.contracts.job import AttemptMessage
from satellite.contracts.message import Message


class OutcomeStatus(StrEnum):
    """How an attempt ended. `interrupted` hands the job back without counting against its retries."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class ErrorKind(StrEnum):
    """Why a job failed."""

    EXIT = "exit"
    """The plugin ended with a non-zero exit code."""
    TIMEOUT = "timeout"
    """The execution deadline or the time to live in the queue has passed."""
    OOM = "oom"
    """The plugin needed more memory than it was given."""
    KILLED = "killed"
    """The plugin was ended by a signal that Satellite did not send."""
    INPUT = "input"
    """The plugin refused its input."""
    OUTPUT = "output"
    """The plugin's output was not one JSON value, broke the output schema, or was too large."""
    IMAGE = "image"
    """The plugin's image or environment could not be had, or its command not be run."""
    LOST = "lost"
    """The worker died or went silent while it ran the attempt."""
    RESOURCES = "resources"
    """No worker can ever give the plugin what it asks for."""
    INTERNAL = "internal"
    """Satellite itself failed; the plugin is not to blame."""


class StartKind(StrEnum):
    """How warm the plugin was when the attempt reached it."""

    COLD = "cold"
    STANDBY = "standby"
    WARM = "warm"


class JobError(Message):
    """The error of a failed attempt or job, for programs (`kind`) and people (`message`)."""

    kind: ErrorKind
    message: str
    exit_code: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stderr_tail: str | None = Field(default=None, description="The last lines of stderr, at most 4 KiB.")


class CapturedLog(Message):
    """The log of an attempt: its head and tail, compressed for the wire."""

    zlib_base64: str
    total_bytes: int = Field(description="Bytes the plugin wrote, kept or not.")
    omitted_bytes: int = Field(default=0, description="Bytes left out between head and tail.")

    @classmethod
    def from_text(cls, text: str, *, total_bytes: int, omitted_bytes: int = 0) -> CapturedLog:
        """Compress `text`."""
        packed = base64.b64encode(zlib.compress(text.encode(), 1)).decode()
        return cls(zlib_base64=packed, total_bytes=total_bytes, omitted_bytes=omitted_bytes)

    def text(self) -> str:
        """Return the uncompressed log."""
        return zlib.decompress(base64.b64decode(self.zlib_base64)).decode()


class WorkerTimings(Message):
    """How long each phase on the worker took, in milliseconds of the worker's monotonic clock."""

    claimed_ms: float = Field(default=0, description="Receipt of the message until the claim was won.")
    prepared_ms: float = Field(
        default=0, description="Waiting for room, getting image, container or process ready."
    )
    ran_ms: float = Field(default=0, description="Input handed over until the plugin's answer was complete.")
    reported_ms: float = Field(
        default=0, description="Answer complete until the outcome was handed to the broker."
    )
    start: StartKind = StartKind.COLD


class Outcome(AttemptMessage):
    """What one attempt ended with; fenced by its key and generation, so it is safe to deliver twice."""

    worker: str
    generation: int = Field(default=0, ge=0, description="How often the attempt was offered for adoption.")
    status: OutcomeStatus
    result_json: str | None = Field(default=None, description="The plugin's answer as JSON text, as it came.")
    error: JobError | None = None
    started_at: datetime
    finished_at: datetime
    timings: WorkerTimings = WorkerTimings()
    progress: float | None = Field(default=None, ge=0, le=1)
    log: CapturedLog | None = None
    result_preview: str | None = Field(
        default=None,
        description="How a result begins that is too large and so is the artifact `result.json`.",
    )
    artifacts: list[Artifact] = Field(default=[], description="What was stored of a run that completed.")
    traceparent: str | None = Field(
        default=None, description="This report in the trace of the job, if traced."
    )
