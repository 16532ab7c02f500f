"""Requests and answers about dead letters."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from operation_server.jobs.schemas import JOB_EXAMPLE, JobRead, page_of
from operation_server.problems import ViolationRead
from satellite.contracts.outcome import ErrorKind, JobError

LETTER_EXAMPLE = JOB_EXAMPLE | {
    "status": "failed",
    "result": None,
    "error_message": "The plugin ended with exit code 1.",
    "error": {"kind": "exit", "message": "The plugin ended with exit code 1.", "exit_code": 1},
    "fingerprint": "5f2b9c0d",
}
GROUP_EXAMPLE = {
    "fingerprint": "5f2b9c0d",
    "plugin_name": "example-failing",
    "jobs": 17,
    "first_at": "2026-01-02T03:04:05Z",
    "last_at": "2026-01-02T04:04:05Z",
    "newest_job_id": 42,
    "example": LETTER_EXAMPLE["error"],
}


class DeadLetterRead(JobRead):
    """A job that failed for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [LETTER_EXAMPLE]})

    fingerprint: str | None = Field(description="The same for failures that look the same.")


class DeadLetterList(BaseModel):
    """A page of dead letters, newest first."""

    model_config = page_of(LETTER_EXAMPLE)

    total: int = Field(description="Exact up to 1,000; more are counted as 1,000.")
    items: list[DeadLetterRead]


class DeadLetterGroup(BaseModel):
    """Failures that look the same."""

    fingerprint: str | None = Field(examples=["5f2b9c0d"])
    plugin_name: str = Field(examples=["example-failing"])
    jobs: int = Field(examples=[17])
    first_at: datetime | None
    last_at: datetime | None
    newest_job_id: int = Field(examples=[42])
    example: JobError | None = Field(description="The error of the newest of them.")


class DeadLetterGroups(BaseModel):
    """A page of groups, the largest first."""

    model_config = page_of(GROUP_EXAMPLE)

    total: int
    items: list[DeadLetterGroup]


class ReplayOptions(BaseModel):
    """How to run a dead letter again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"plugin_version": "1.0.1"}]})

    plugin_version: str | None = Field(
        default=None, min_length=1, max_length=64, description="Its own version unless given."
    )


class ReplayRequest(ReplayOptions):
    """Which dead letters to run again; all conditions hold, none means all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"fingerprint": "5f2b9c0d", "plugin_version": "1.0.1"}]},
    )

    plugin_name: str | None = Field(default=None, min_length=1, max_length=64)
    kind: ErrorKind | None = None
    fingerprint: str | None = Field(default=None, min_length=1, max_length=100)


class UnfitRead(BaseModel):
    """A dead letter whose input breaks the schema of the wanted version."""

    job_id: int = Field(examples=[42])
    errors: list[ViolationRead]


class ReplayRead(BaseModel):
    """What a replay did."""

    replayed: int = Field(examples=[17])
    unfit: int = Field(
        default=0,
        description="So many stay dead letters: their input breaks the schema of the wanted version.",
    )
    unfit_jobs: list[UnfitRead] = Field(default=[], description="The first hundred of those, and why.")
    stopped_by: str | None = Field(
        default=None,
        description="The limit of the caller's at which it stopped, as in an error's `code`; the rest stay.",
        examples=["rate_exceeded"],
    )
