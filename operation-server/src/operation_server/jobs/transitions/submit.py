"""Submission: a row in `jobs` is the job, its place in the queue and its outbox entry in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import JOBS_CHANNEL
from satellite.contracts.attempt_files import InputFile
from satellite.contracts.event import EventType, StreamEntry
from satellite.contracts.identity import JobKey
from satellite.contracts.job import JobStatus
from satellite.contracts.model_version import JobModel
from satellite.contracts.notification import JobWebhook
from satellite.contracts.plugin_manifest import RetryPolicy

QUEUED = orjson.dumps({"status": JobStatus.QUEUED, "attempt": 0}).decode()

# One statement, so that a submission is one round trip and one commit. NOTIFY wakes the dispatcher at commit.
SUBMIT = text("""
    WITH submitted AS (
        INSERT INTO jobs (
            owner_id, plugin_id, plugin_name, plugin_version, input_data, input_files, requires, priority,
            timeout_s, max_retries, retry, expires_at, idempotency_key, request_digest, traceparent,
            model_version_id, model, run_id
        )
        SELECT n.owner_id, n.plugin_id, n.plugin_name, n.plugin_version,
               coalesce(n.input_data, 'null'::json), n.input_files, n.requires, n.priority,
               n.timeout_s, n.max_retries, n.retry,
               now() + n.expires_in_s * interval '1 second',
               n.idempotency_key, n.request_digest, n.traceparent, n.model_version_id, n.model, n.run_id
        FROM ROWS FROM (
            json_to_recordset(CAST(:jobs AS json)) AS (
                owner_id bigint, plugin_id bigint, plugin_name text, plugin_version text, input_data json,
                input_files json, requires jsonb, priority smallint, timeout_s float8, max_retries bigint,
                retry jsonb, expires_in_s float8,
                idempotency_key text, request_digest text, traceparent text,
                model_version_id bigint, model json, run_id bigint
            )
        ) WITH ORDINALITY AS n
        ORDER BY n.ordinality
        RETURNING id, uid, owner_id, created_at
    ), told AS (
        INSERT INTO job_events (job_id, owner_id, type, data)
        SELECT id, owner_id, 'status', CAST(:queued AS json) FROM submitted ORDER BY id
        RETURNING id, job_id, owner_id, at
    )
    SELECT submitted.id, submitted.uid, submitted.created_at, told.id AS event_id, told.owner_id, told.at
    FROM submitted JOIN told ON told.job_id = submitted.id
    CROSS JOIN (SELECT pg_notify(:channel, 'due')) AS notified
    ORDER BY submitted.id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A validated submission; `input_json` is one JSON text that `parse_json` has let in."""

    owner_id: int
    plugin_id: int
    plugin_name: str
    plugin_version: str
    input_json: str
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ids of the files that the input refers to, each with the JSON pointers of its places."""
    input_files: Sequence[InputFile] = ()
    """What is known of these files once they are held for the job."""
    requires_json: str = "{}"
    """What it adds to what its plugin requires of a worker."""
    priority: int = 0
    timeout_s: float
    max_retries: int
    retry: RetryPolicy | None = None
    """The job's own, instead of its plugin's; its `max_retries` are the job's."""
    expires_in_s: float | None = None
    idempotency_key: str | None = None
    request_digest: str | None = None
    traceparent: str | None = None
    """Its submission in a trace, None if it is not traced."""
    model_version_id: int | None = None
    model: JobModel | None = None
    """The version of a model that it asks, if it asks one."""
    run_id: int | None = None
    """The run of a workflow that it is a step of."""
    webhook: JobWebhook | None = None
    """Where its end is told to; kept beside the job by whoever submits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedJobs:
    """The jobs in the order of the submission, and what to publish after the commit."""

    keys: list[JobKey]
    created_at: datetime
    entries: list[StreamEntry]

    @property
    def ids(self) -> list[int]:
        """Return their numbers."""
        return [key.job_id for key in self.keys]


def submit_jobs(connection: Connection, jobs: Sequence[NewJob]) -> SubmittedJobs:
    """Store new jobs, all or none, and wake the dispatcher at commit.

    Raises:
        IntegrityError: an idempotency key of the same owner is taken (constraint `uq_jobs_idempotency`).
    """
    rows = (
        connection.execute(SUBMIT, {"jobs": _parameter(jobs), "queued": QUEUED, "channel": JOBS_CHANNEL})
    ).all()
    entries = [
        StreamEntry(
            event_id=row.event_id,
            job_id=row.id,
            uid=row.uid,
            owner_id=row.owner_id,
            type=EventType.STATUS,
            data=QUEUED,
            at=row.at,
        )
        for row in rows
    ]
    keys = [JobKey(row.id, row.uid) for row in rows]
    return SubmittedJobs(keys=keys, created_at=rows[0].created_at, entries=entries)


def _parameter(jobs: Sequence[NewJob]) -> str:
    return orjson.dumps(
        [
            {
                "owner_id": job.owner_id,
                "plugin_id": job.plugin_id,
                "plugin_name": job.plugin_name,
                "plugin_version": job.plugin_version,
                "input_data": orjson.Fragment(job.input_json),
                "input_files": [file.model_dump() for file in job.input_files] or None,
                "requires": orjson.Fragment(job.requires_json),
                "priority": job.priority,
                "timeout_s": job.timeout_s,
                "max_retries": job.max_retries,
                "retry": job.retry and job.retry.model_dump(mode="json"),
                "expires_in_s": job.expires_in_s,
                "idempotency_key": job.idempotency_key,
                "request_digest": job.request_digest,
                "traceparent": job.traceparent,
                "model_version_id": job.model_version_id,
                "model": job.model and job.model.model_dump(),
                "run_id": job.run_id,
            }
            for job in jobs
        ]
    ).decode()
