"""A job as JSON text, ready for an answer: from the database as it is, or right after its submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from operation_server.database.rows import AnyRow
from operation_server.jobs.schemas.job import JobRead
from operation_server.jobs.transitions import NewJob
from satellite.contracts.identity import JobKey
from satellite.contracts.job import JobStatus

NOTHING_YET: Final[dict[str, Any]] = dict.fromkeys(JobRead.model_fields)
BEFORE_THE_FIRST_ATTEMPT: Final = NOTHING_YET | {
    "status": JobStatus.QUEUED,
    "attempt": 0,
    "artifacts": 0,
    "failures": 0,
    "losses": 0,
    "cancelling": False,
}


class JobDocument(NamedTuple):
    """A job as answers show it: JSON text, and what the server itself has to know of it."""

    id: int
    status: JobStatus
    text: str


def job_document(row: AnyRow) -> JobDocument:
    """Return a row of the repository as the answer shows it."""
    return JobDocument(row.id, JobStatus(row.status), row.document)


def submitted_document(job: NewJob, *, key: JobKey, created_at: datetime) -> JobDocument:
    """Return a job as it is right after its submission, without asking the database."""
    lifetime = None if job.expires_in_s is None else timedelta(seconds=job.expires_in_s)
    created = _as_stored(created_at)
    fields = BEFORE_THE_FIRST_ATTEMPT | {
        "id": key.job_id,
        "kind": "job",
        "uid": key.uid,
        "plugin_name": job.plugin_name,
        "plugin_version": job.plugin_version,
        "model": job.model and job.model.label,
        "run_id": job.run_id,
        "input_data": orjson.Fragment(job.input_json),
        "requires": orjson.Fragment(job.requires_json),
        "owner_id": job.owner_id,
        "priority": job.priority,
        "max_retries": job.max_retries,
        "retry": job.retry and job.retry.model_dump(mode="json"),
        "timeout_s": job.timeout_s,
        "run_at": created,
        "expires_at": None if lifetime is None else _as_stored(created_at + lifetime),
        "created_at": created,
    }
    return JobDocument(key.job_id, JobStatus.QUEUED, orjson.dumps(fields).decode())


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


def _as_stored(moment: datetime) -> str:
    """Return a time as PostgreSQL writes it into JSON, so that a job is shown by the same text ever after."""
    written = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return written.rstrip("0").rstrip(".") + "+00:00"
