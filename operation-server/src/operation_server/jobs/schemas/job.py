"""A job as answers show it. What an answer holds is written here and nowhere else.

`jobs/document.py` and `jobs/repository/documents.py` put the answers together, in the order of these fields.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from operation_server.jobs.schemas.page import page_of
from operation_server.jobs.schemas.requests import WINES
from operation_server.jobs.schemas.run import RunRead
from operation_server.jobs.schemas.timings import JobTimings
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.contracts.requires import Requires

JOB_EXAMPLE: dict[str, Any] = {
    "id": 42,
    "kind": "job",
    "uid": "6f1c0d8e-2f0b-4a51-9d4e-0b7f5c1f3a52",
    "plugin_name": "example-classifier",
    "plugin_version": "1.0.0",
    "model": None,
    "run_id": None,
    "status": "completed",
    "input_data": WINES,
    "requires": {"labels": {"zone": "a"}},
    "result": {"predictions": [{"class": "class_0", "confidence": 0.98}]},
    "result_artifact": None,
    "artifacts": 0,
    "made": None,
    "error_message": None,
    "error": None,
    "owner_id": 1,
    "priority": 5,
    "attempt": 1,
    "max_retries": 3,
    "retry": None,
    "failures": 0,
    "losses": 0,
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


class ResultArtifact(BaseModel):
    """A result that is too large for an answer, and so an artifact."""

    name: str
    file_id: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes, in hexadecimal.")
    preview: str = Field(description="How it begins; its first 1,000 bytes.")


class JobRead(BaseModel):
    """A job."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB_EXAMPLE]})

    id: int
    kind: Literal["job"] = Field(description="Runs of workflows are numbered by the same sequence.")
    uid: UUID = Field(description="Names the job for ever; numbers repeat after a recovery from a backup.")
    plugin_name: str
    plugin_version: str
    model: str | None = Field(description="The version of a model that it asks, as `name@version`.")
    run_id: int | None = Field(description="The run of a workflow that it is a step of.")
    status: JobStatus
    input_data: Any
    requires: Requires = Field(description="What the job adds to what its plugin requires of a worker.")
    result: Any
    result_artifact: ResultArtifact | None = Field(
        description="Where the result is, if it is larger than 1 MB; `result` is null then."
    )
    artifacts: int = Field(
        description="How many files it has written, see its `artifacts`; some may be deleted since."
    )
    made: str | None = Field(
        description="The version of a model that it has made, as `name@version`, if its plugin trains one."
    )
    error_message: str | None
    error: JobError | None
    owner_id: int
    priority: int
    attempt: int = Field(description="Number of the newest attempt; 0 before the first.")
    max_retries: int
    retry: RetryPolicy | None = Field(description="The job's own policy; null: that of its plugin.")
    failures: int = Field(description="Attempts that count against `max_retries`.")
    losses: int = Field(description="Attempts whose worker died; they have a bound of their own.")
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
    """A page of jobs and runs, newest first; inputs and results above 4 KiB are null here."""

    model_config = page_of(JOB_EXAMPLE, next_cursor=None)

    total: int = Field(description="Exact up to 1,000; more are counted as 1,000.")
    items: list[JobRead | RunRead]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page, however deep.")
