"""Requests and answers about jobs. The models describe answers; rows are rendered directly, for speed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from operation_server.database.rows import AnyRow
from operation_server.jobs.transitions import NewJob
from operation_server.jobs.transitions.timings import PHASES
from operation_server.live.cursor import STREAM_START, Cursor
from satellite.contracts import numbers
from satellite.contracts.event import Event
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import JobError, StartKind

REQUEST_EXAMPLE: dict[str, Any] = {
    "plugin_name": "example-classifier",
    "input_data": {"features": [5.1, 3.5, 1.4, 0.2]},
    "priority": 5,
}
JOB_EXAMPLE: dict[str, Any] = {
    "id": 42,
    "plugin_name": "example-classifier",
    "plugin_version": "1.0.0",
    "status": "completed",
    "input_data": {"features": [5.1, 3.5, 1.4, 0.2]},
    "result": {"class": "setosa", "confidence": 0.98},
    "error_message": None,
    "error": None,
    "owner_id": 1,
    "priority": 5,
    "attempt": 1,
    "max_retries": 3,
    "failures": 0,
    "timeout_s": 60.0,
    "progress": 1.0,
    "cancelling": False,
    "worker": "gpu-1",
    "run_at": "2026-01-02T03:04:05.000000+00:00",
    "expires_at": None,
    "created_at": "2026-01-02T03:04:05.000000+00:00",
    "started_at": "2026-01-02T03:04:05.010000+00:00",
    "completed_at": "2026-01-02T03:04:05.021000+00:00",
    "timings": {
        "queued": 3.1,
        "dispatched": 2.4,
        "claimed": 0.6,
        "prepared": 0.2,
        "ran": 9.0,
        "reported": 0.7,
        "committed": 5.0,
        "total": 21.0,
        "start": "warm",
    },
}


ATTEMPT_EXAMPLE: dict[str, Any] = {
    "attempt": 1,
    "worker": "gpu-1",
    "outcome": "failed",
    "error": {"kind": "exit", "message": "The plugin ended with exit code 1.", "exit_code": 1},
    "started_at": "2026-01-02T03:04:05Z",
    "finished_at": "2026-01-02T03:04:06Z",
    "timings": None,
}
TIMELINE_EXAMPLE: dict[str, Any] = {
    "job_id": 42,
    "attempt": 1,
    "total_ms": 12.5,
    "start": "warm",
    "phases": [
        {"phase": "queued", "start_ms": 0.0, "duration_ms": 3.5},
        {"phase": "ran", "start_ms": 3.5, "duration_ms": 9.0},
    ],
}
EVENT_EXAMPLE: dict[str, Any] = {
    "cursor": "0-0:7",
    "job_id": 42,
    "type": "status",
    "data": {"status": "queued", "attempt": 0},
    "at": "2026-01-02T03:04:05Z",
}


def page_of(example: dict[str, Any], **more: Any) -> ConfigDict:
    """Return the configuration of a list with one item as its example."""
    return ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [example], **more}]})


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
    queue_ttl_s: numbers.QueueTtlS | None = Field(
        default=None, description="Fail when it has waited so long; at most the plugin's own."
    )

    def digest(self) -> str:
        """Return the SHA-256 of the request, to tell a repeated one from another under the same key."""
        stated = self.model_dump(exclude_unset=True, exclude={"idempotency_key"})
        text = json.dumps(stated, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


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
        extra="forbid", json_schema_extra={"examples": [{"plugin_name": "example-classifier"}]}
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


class JobTimings(BaseModel):
    """Where the time went, in milliseconds; the phases follow each other and add up to `total`.

    They are those of the newest attempt that ended, so a job that waits for a retry has those of the one
    before.
    """

    queued: float = Field(
        description="Creation until the last dispatch: of a retried job with its earlier attempts and "
        "delays, of a replayed one with its earlier life."
    )
    dispatched: float = Field(
        description="Publishing and both ways through the broker: what no other phase measured. Of an "
        "attempt that no worker reported, all since its dispatch."
    )
    claimed: float = Field(description="On the worker: receipt until the claim was won.")
    prepared: float = Field(description="Waiting for room, getting container or process ready.")
    ran: float = Field(description="Input handed over until the answer was complete.")
    reported: float = Field(description="Answer complete until the outcome was handed over.")
    committed: float = Field(
        description="Receipt of the outcome until the transaction that applied it began."
    )
    total: float = Field(description="`completed_at` less `created_at`.")
    start: StartKind | None = Field(description="How warm the plugin was; null when it never ran.")


class TimelinePhase(BaseModel):
    """One phase of a job on its time line."""

    phase: str
    start_ms: float = Field(description="After the job's creation.")
    duration_ms: float


class Timeline(BaseModel):
    """The phases of a job one after the other; empty until its first attempt has ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [TIMELINE_EXAMPLE]})

    job_id: int
    attempt: int
    total_ms: float | None
    start: StartKind | None
    phases: list[TimelinePhase]


class JobRead(BaseModel):
    """A job."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB_EXAMPLE]})

    id: int
    plugin_name: str
    plugin_version: str
    status: JobStatus
    input_data: Any
    result: Any
    error_message: str | None
    error: JobError | None
    owner_id: int
    priority: int
    attempt: int = Field(description="Number of the newest attempt; 0 before the first.")
    max_retries: int
    failures: int = Field(description="Attempts that count against `max_retries`.")
    timeout_s: float
    progress: float | None
    cancelling: bool = Field(description="Its cancel was requested and a worker still holds it.")
    worker: str | None
    run_at: datetime = Field(description="Not before this time.")
    expires_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    timings: JobTimings | None


class JobList(BaseModel):
    """A page of jobs, newest first; inputs and results above 4 KiB are null here."""

    model_config = page_of(JOB_EXAMPLE, next_cursor=None)

    total: int = Field(description="Exact up to 1,000; more are counted as 1,000.")
    items: list[JobRead]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page, however deep.")


class AttemptRead(BaseModel):
    """One finished attempt."""

    attempt: int
    worker: str | None
    outcome: str
    error: JobError | None
    started_at: datetime | None
    finished_at: datetime
    timings: dict[str, Any] | None


class AttemptList(BaseModel):
    """The finished attempts of a job in order."""

    model_config = page_of(ATTEMPT_EXAMPLE)

    total: int
    items: list[AttemptRead]


class EventList(BaseModel):
    """The durable events of a job in order."""

    model_config = page_of(EVENT_EXAMPLE)

    total: int
    items: list[Event]


class JobDocument(NamedTuple):
    """A job as answers show it: JSON text, and what the server itself has to know of it."""

    id: int
    status: JobStatus
    text: str


def job_document(row: AnyRow) -> JobDocument:
    """Return a row of the repository as the answer shows it."""
    return JobDocument(row.id, JobStatus(row.status), row.document)


def timeline_of(job: Mapping[str, Any]) -> Timeline:
    """Return the time line of a job's fields; each phase begins where the one before it ended."""
    timings = job["timings"] or {}
    phases, start_ms = [], 0.0
    for phase in PHASES:
        if phase in timings:
            phases.append(TimelinePhase(phase=phase, start_ms=round(start_ms, 3), duration_ms=timings[phase]))
            start_ms += timings[phase]
    return Timeline(
        job_id=job["id"],
        attempt=job["attempt"],
        total_ms=timings.get("total"),
        start=timings.get("start"),
        phases=phases,
    )


def event_fields(row: AnyRow) -> dict[str, Any]:
    """Return a durable event as the answer shows it; its cursor resumes a stream after it."""
    return {
        "cursor": str(Cursor(STREAM_START, row.id)),
        "job_id": row.job_id,
        "type": row.type,
        "data": orjson.Fragment(row.data),
        "at": row.at,
    }


def attempt_fields(row: AnyRow) -> dict[str, Any]:
    """Return a finished attempt as the answer shows it."""
    parts = {"error": orjson.Fragment(row.error or "null"), "timings": orjson.Fragment(row.timings or "null")}
    return row._asdict() | parts


def submitted_document(job: NewJob, *, job_id: int, created_at: datetime) -> JobDocument:
    """Return a job as it is right after its submission, without asking the database."""
    lifetime = None if job.expires_in_s is None else timedelta(seconds=job.expires_in_s)
    fields = {
        "id": job_id,
        "plugin_name": job.plugin_name,
        "plugin_version": job.plugin_version,
        "status": JobStatus.QUEUED,
        "input_data": orjson.Fragment(job.input_json),
        "result": None,
        "error_message": None,
        "error": None,
        "owner_id": job.owner_id,
        "priority": job.priority,
        "attempt": 0,
        "max_retries": job.max_retries,
        "failures": 0,
        "timeout_s": job.timeout_s,
        "progress": None,
        "cancelling": False,
        "worker": None,
        "run_at": _as_stored(created_at),
        "expires_at": None if lifetime is None else _as_stored(created_at + lifetime),
        "created_at": _as_stored(created_at),
        "started_at": None,
        "completed_at": None,
        "timings": None,
    }
    return JobDocument(job_id, JobStatus.QUEUED, orjson.dumps(fields).decode())


def _as_stored(moment: datetime) -> str:
    """Return a time as PostgreSQL writes it into JSON, so that a job is shown by the same text ever after."""
    written = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return written.rstrip("0").rstrip(".") + "+00:00"


def accepted_document(job_id: int) -> JobDocument:
    """Return all that is certain of a job that was just stored."""
    fields = {"id": job_id, "status": JobStatus.QUEUED}
    return JobDocument(job_id, JobStatus.QUEUED, orjson.dumps(fields).decode())


def render(value: Mapping[str, Any]) -> bytes:
    """Return the JSON of an answer."""
    return orjson.dumps(value)


def render_page(total: int, items: Sequence[JobDocument], **more: Any) -> bytes:
    """Return the JSON of a list of jobs, each as it is."""
    return render({"total": total, "items": [orjson.Fragment(job.text) for job in items], **more})
