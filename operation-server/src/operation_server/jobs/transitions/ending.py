"""The end of attempts, shared by all transitions that end one: lock, decide, then change in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.events import (
    INSERT_EVENTS,
    JOBS_CHANNEL,
    ROOM,
    NewEvent,
    Subject,
    events_parameter,
    result_event,
    status_event,
    stream_entries,
)
from operation_server.jobs.transitions.fingerprint import error_fingerprint
from operation_server.jobs.transitions.policy import (
    DEFAULT_RETRY,
    Decision,
    FinishedAttempt,
    LossBudget,
    allowed_retry,
    decide,
)
from operation_server.jobs.transitions.step_ends import end_steps
from operation_server.models.job_states import is_active
from satellite.contracts.attempt_files import Artifact
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import CapturedLog, ErrorKind, JobError, OutcomeStatus
from satellite.contracts.plugin_manifest import RetryPolicy, Trained
from satellite.contracts.task_names import CLUSTER_QUEUE_PREFIX

log = structlog.get_logger(__name__)

# Locked by id alone and fenced afterwards: an outcome may arrive before the dispatcher's transaction has
# committed, and a fence inside the lock would look at the row as it was before that commit.
LOCK = text(f"""
    SELECT j.id, j.attempt, j.uid, j.generation, j.status, j.owner_id, j.plugin_name, j.worker, j.failures,
           j.max_retries, j.losses, j.cancel_requested_at IS NOT NULL AS cancel_requested, j.created_at,
           j.dispatched_at, j.started_at, now() AS now, j.retry AS own_retry, j.traceparent, j.run_id,
           p.trains, j.queue,
           CASE WHEN starts_with(j.queue, '{CLUSTER_QUEUE_PREFIX}') THEN (
               SELECT jsonb_array_length(c.gpus) FROM cluster_jobs AS c
               WHERE c.job_id = j.id AND c.attempt = j.attempt
           ) END AS cards,
           CASE WHEN j.id = ANY(CAST(:with_policy AS bigint[])) THEN p.manifest -> 'retry' END AS retry
    FROM jobs AS j JOIN plugins AS p ON p.id = j.plugin_id
    WHERE j.id = ANY(CAST(:ids AS bigint[]))
    ORDER BY j.id FOR UPDATE OF j
""")  # noqa: S608 - only a constant of the wire goes in.

END = text(f"""
    WITH ending AS MATERIALIZED (
        SELECT *, delay_s IS NOT NULL AS requeued
        FROM json_to_recordset(CAST(:rows AS json)) AS e(
            job_id bigint, attempt bigint, uid uuid, status text, outcome text, counted bigint, lost bigint,
            delay_s float8, result json, result_artifact json, artifacts bigint, made text, error jsonb,
            fingerprint text, worker text, started_at timestamptz, timings jsonb, progress float8, log text,
            log_total_bytes bigint, log_omitted_bytes bigint
        )
    ), changed AS (
        UPDATE jobs SET
            status = e.status,
            result = e.result,
            result_artifact = e.result_artifact,
            artifacts = e.artifacts,
            made = e.made,
            error = CASE WHEN e.status <> 'cancelled' THEN e.error END,
            error_fingerprint = CASE WHEN e.status <> 'cancelled' THEN e.fingerprint END,
            failures = jobs.failures + e.counted,
            losses = jobs.losses + e.lost,
            redeliveries = 0,
            timings = e.timings,
            completed_at = CASE WHEN NOT e.requeued THEN now() END,
            run_at = CASE WHEN e.delay_s > 0 THEN now() + e.delay_s * interval '1 second'
                          ELSE jobs.run_at END,
            dispatched_at = CASE WHEN NOT e.requeued THEN jobs.dispatched_at END,
            expires_at = CASE WHEN NOT e.requeued THEN jobs.expires_at END,
            started_at = CASE WHEN NOT e.requeued THEN e.started_at END,
            worker = CASE WHEN NOT e.requeued THEN e.worker END,
            progress = CASE WHEN NOT e.requeued THEN coalesce(e.progress, jobs.progress) END
        FROM ending AS e
        WHERE jobs.id = e.job_id AND jobs.uid = e.uid AND jobs.attempt = e.attempt
          AND jobs.status IN ('queued', 'processing')
    ), attempts AS (
        INSERT INTO job_attempts (job_id, attempt, worker, outcome, error, started_at, timings)
        SELECT job_id, attempt, worker, outcome, error, started_at, timings FROM ending
    ), logs AS (
        INSERT INTO job_logs (job_id, attempt, text_zlib, total_bytes, omitted_bytes)
        SELECT job_id, attempt, decode(log, 'base64'), log_total_bytes, log_omitted_bytes
        FROM ending WHERE log IS NOT NULL
    ), told AS (
        {INSERT_EVENTS}
    )
    SELECT told.id, told.at FROM told
    CROSS JOIN (
        SELECT count(pg_notify(:channel, payload)) FROM unnest(CAST(:payloads AS text[])) AS payload
    ) AS notified
""")  # noqa: S608 - only a constant of this package goes in.


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedAttempt:
    """The newest attempt of a job whose row is locked."""

    key: AttemptKey
    generation: int
    status: JobStatus
    owner_id: int
    plugin_name: str
    worker: str | None
    failures: int
    max_retries: int
    losses: int
    cancel_requested: bool
    created_at: datetime
    dispatched_at: datetime | None
    started_at: datetime | None
    now: datetime
    retry: RetryPolicy | None
    """Only for the jobs it was asked for."""
    traceparent: str | None = None
    """The trace of the job, None if it is not traced."""
    run_id: int | None = None
    """The run of a workflow that it is a step of."""
    trains: Trained | None = None
    """The model of which it makes a version, if its plugin trains one."""
    queue: str | None = None
    """The queue of the broker that it was sent to."""
    cards: int = 0
    """Of a cluster, as far as they were told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What a transition did with attempts that nobody reports."""

    attempts: int = 0
    """How many of those asked for it ended or gave back; the others had moved on meanwhile."""
    entries: list[StreamEntry] = field(default_factory=list)
    traceparents: list[str] = field(default_factory=list)
    """The traces of those that are traced."""

    @classmethod
    def of(cls, jobs: Sequence[LockedAttempt], entries: list[StreamEntry]) -> Self:
        """Return what was done with these attempts."""
        traced = [job.traceparent for job in jobs if job.traceparent is not None]
        return cls(attempts=len(jobs), entries=entries, traceparents=traced)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAttempt:
    """A locked attempt, how it ended and what follows."""

    job: LockedAttempt
    decision: Decision
    outcome: OutcomeStatus
    worker: str | None
    result_json: str | None = None
    result_artifact: dict[str, Any] | None = None
    """Where the result is, if it is too large for an answer."""
    artifacts: Sequence[Artifact] = ()
    made: str | None = None
    """The version of a model that it made, as `name@version`."""
    error: JobError | None = None
    """What went wrong with the attempt; a job that is cancelled has none for that."""
    started_at: datetime | None = None
    timings: dict[str, Any] | None = None
    progress: float | None = None
    log: CapturedLog | None = None


def lock_attempts(
    connection: Connection, attempts: Sequence[AttemptKey], *, with_policy: Sequence[int] = ()
) -> list[LockedAttempt]:
    """Lock the jobs whose newest attempt is one of `attempts` and is in the broker's or a worker's hands."""
    wanted = set(attempts)
    rows = connection.execute(LOCK, {"ids": [key.job_id for key in wanted], "with_policy": list(with_policy)})
    # One that waits for its next attempt is not: the newest one has ended already.
    locked = ((AttemptKey(row.id, row.attempt, row.uid), row) for row in rows)
    return [_locked(key, row) for key, row in locked if key in wanted and is_active(row)]


def _locked(key: AttemptKey, row: Row[Any]) -> LockedAttempt:
    return LockedAttempt(
        key=key,
        generation=row.generation,
        status=JobStatus(row.status),
        owner_id=row.owner_id,
        plugin_name=row.plugin_name,
        worker=row.worker,
        failures=row.failures,
        max_retries=row.max_retries,
        losses=row.losses,
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        dispatched_at=row.dispatched_at,
        started_at=row.started_at,
        now=row.now,
        retry=_retry(row) if row.retry or row.own_retry else None,
        traceparent=row.traceparent,
        run_id=row.run_id,
        trains=row.trains and Trained(model=row.trains["model"], plugin=row.trains["plugin"]),
        queue=row.queue,
        cards=row.cards or 0,
    )


def _retry(row: Row[Any]) -> RetryPolicy | None:
    return allowed_retry(_retry_policy(row.id, row.own_retry), _retry_policy(row.id, row.retry))


def _retry_policy(job_id: int, stored: Any) -> RetryPolicy | None:
    try:
        return RetryPolicy.model_validate(stored) if stored else None
    except ValidationError:
        # Registered under the rules of another release: its attempts must be able to end all the same.
        log.exception("a retry policy is not understood, the default holds", job_id=job_id)
        return None


def decide_for(
    job: LockedAttempt, outcome: OutcomeStatus, *, kind: ErrorKind | None, losses: LossBudget
) -> Decision:
    """Return what follows an attempt that ended so."""
    return decide(
        FinishedAttempt(
            outcome=outcome,
            kind=kind,
            failures=job.failures,
            max_retries=job.max_retries,
            losses=job.losses,
            losses_max=losses.losses_max,
            cancel_requested=job.cancel_requested,
            retry=job.retry or DEFAULT_RETRY,
        )
    )


def end_attempts(connection: Connection, ended: Sequence[EndedAttempt]) -> list[StreamEntry]:
    """Apply decisions about locked attempts: jobs, history, logs and events in one statement."""
    if not ended:
        return []
    events = [event for end in ended for event in _events(end)]
    rows = connection.execute(
        END,
        {
            "rows": orjson.dumps([_row(end) for end in ended]).decode(),
            "events": events_parameter(events),
            "channel": JOBS_CHANNEL,
            "payloads": _payloads(ended),
        },
    )
    entries = stream_entries(events, [(row.id, row.at) for row in rows])
    end_steps(
        connection,
        [
            (end.job.key.job_id, end.decision.status)
            for end in ended
            if end.job.run_id is not None and end.decision.status.is_terminal
        ],
    )
    return entries


def _events(end: EndedAttempt) -> list[NewEvent]:
    job, status = end.job, end.decision.status
    error = _error_json(end) if status is not JobStatus.CANCELLED else None
    delay_s = end.decision.run_at_delay_s
    run_at = (job.now + timedelta(seconds=delay_s)).isoformat() if delay_s else None
    subject = Subject(job.key.job_id, job.key.uid, job.owner_id)
    told = status_event(subject, status, job.key.attempt, error=error, run_at=run_at, worker=end.worker)
    if not status.is_terminal:
        return [told]
    closing = result_event(
        subject,
        status,
        job.key.attempt,
        result_json=end.result_json,
        result_artifact=end.result_artifact,
        error=error,
    )
    return [told, closing]


def _error_json(end: EndedAttempt) -> dict[str, Any] | None:
    return end.error.model_dump(mode="json", exclude_none=True) if end.error else None


def _row(end: EndedAttempt) -> dict[str, Any]:
    error, log, job = end.error, end.log, end.job
    fingerprint = error and error_fingerprint(job.plugin_name, error.kind, error.message)
    return {
        "job_id": job.key.job_id,
        "attempt": job.key.attempt,
        "uid": job.key.uid,
        "status": end.decision.status,
        "outcome": end.outcome,
        "counted": int(end.decision.counts_as_failure),
        "lost": int(end.decision.counts_as_loss),
        "delay_s": end.decision.run_at_delay_s,
        "result": orjson.Fragment(end.result_json) if end.result_json else None,
        "result_artifact": end.result_artifact,
        "artifacts": len(end.artifacts),
        "made": end.made,
        "error": _error_json(end),
        "fingerprint": fingerprint,
        "worker": end.worker,
        "started_at": _within(end.started_at or job.started_at, job),
        "timings": end.timings,
        "progress": end.progress,
        "log": log.zlib_base64 if log else None,
        "log_total_bytes": log.total_bytes if log else 0,
        "log_omitted_bytes": log.omitted_bytes if log else 0,
    }


def _within(moment: datetime | None, job: LockedAttempt) -> datetime | None:
    # The worker's clock may be wrong; a start before its dispatch or after its end would be nonsense.
    if moment is None or job.dispatched_at is None:
        return moment
    return max(job.dispatched_at, min(moment, job.now))


def _payloads(ended: Sequence[EndedAttempt]) -> list[str]:
    delays = {end.decision.run_at_delay_s for end in ended}
    due = {"due" if delay == 0 else f"due:{delay}" for delay in delays if delay is not None}
    return [ROOM, *sorted(due)]
