"""Answers about rejected reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from operation_server.database.rows import AnyRow

REPORT_EXAMPLE: dict[str, Any] = {
    "id": 3,
    "task": "satellite.jobs.apply_outcome",
    "job_id": 42,
    "attempt": 1,
    "reason": "RecursionError: maximum recursion depth exceeded",
    "body_bytes": 2_113,
    "body_start": '[[{"job_id":42,"attempt":1,"worker":"gpu-1","status":"completed"',
    "at": "2026-01-02T03:04:05Z",
}


class RejectedReportRead(BaseModel):
    """What a worker reported and nobody could apply."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT_EXAMPLE]})

    id: int
    task: str | None = Field(description="Name of the Celery task; null when not even that could be read.")
    job_id: int | None
    attempt: int | None
    reason: str
    body_bytes: int = Field(description="Size of the whole message body.")
    body_start: str = Field(description="Its first 1,000 bytes; 64 KiB are kept in the database.")
    at: datetime

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        """Return what a row tells."""
        return cls(
            id=row.id,
            task=row.task,
            job_id=row.job_id,
            attempt=row.attempt,
            reason=row.reason,
            body_bytes=row.body_bytes,
            body_start=row.beginning.decode(errors="replace"),
            at=row.at,
        )


class RejectedReportList(BaseModel):
    """A page of rejected reports, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [REPORT_EXAMPLE]}]})

    total: int
    items: list[RejectedReportRead]
