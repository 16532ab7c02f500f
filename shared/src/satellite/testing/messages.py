"""Messages of the wire that are complete, of which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from satellite.contracts.identity import AttemptKey, uid_by_number
from satellite.contracts.job import JobMessage, StartedReport
from satellite.contracts.json_text import write_json
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.task_names import EXECUTE_QUEUE
from satellite.contracts.worker import WorkerHeartbeat, WorkerResources


def manifest_of(**changes: Any) -> PluginManifest:
    """Return the manifest of a plugin that takes and answers anything.

    Raises:
        ValidationError: the changes are not what a manifest may say.
    """
    fields: dict[str, Any] = {
        "name": "tried",
        "version": "1",
        "docker_image": "tried:1",
        "input_schema": {},
        "output_schema": {},
    }
    return PluginManifest.model_validate(fields | changes)


def attempt_key_of(job_id: int, attempt: int = 1) -> AttemptKey:
    """Return what names an attempt of a job whose uid a test does not name, as the messages here do."""
    return AttemptKey(job_id, attempt, uid_by_number(job_id))


def job_message_of(manifest: PluginManifest, input_data: Any = None, **changes: Any) -> JobMessage:
    """Return the first attempt of job 1 of a plugin, as a dispatcher sends it."""
    fields: dict[str, Any] = {
        "job_id": 1,
        "attempt": 1,
        "owner_id": 1,
        "plugin_digest": manifest.digest(),
        "manifest_json": manifest.model_dump_json(),
        "input_json": write_json(input_data),
        "timeout_s": manifest.timeout_s,
    }
    return JobMessage.model_validate(fields | changes)


def started_report_of(job_id: int, attempt: int = 1, **changes: Any) -> StartedReport:
    """Return the report that a worker has claimed an attempt just now."""
    fields: dict[str, Any] = {
        "job_id": job_id,
        "attempt": attempt,
        "worker": "w1",
        "started_at": datetime.now(UTC),
    }
    return StartedReport.model_validate(fields | changes)


def outcome_of(
    job_id: int,
    attempt: int = 1,
    status: OutcomeStatus = OutcomeStatus.COMPLETED,
    *,
    result: Any = None,
    **changes: Any,
) -> Outcome:
    """Return how an attempt ended just now: completed with `result`, or failed with exit code 1."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "job_id": job_id,
        "attempt": attempt,
        "worker": "w1",
        "status": status,
        "started_at": now,
        "finished_at": now,
    }
    if status is OutcomeStatus.COMPLETED:
        fields["result_json"] = write_json(result)
    if status is OutcomeStatus.FAILED:
        fields["error"] = JobError(kind=ErrorKind.EXIT, message="exit code 1", exit_code=1)
    return Outcome.model_validate(fields | changes)


def heartbeat_of(**changes: Any) -> WorkerHeartbeat:
    """Return the sign of life of an idle worker with two slots, 4 CPUs and 4 GiB."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "name": "w1",
        "host": "tests",
        "pid": 1,
        "version": "1",
        "runtime": "process",
        "queues": [EXECUTE_QUEUE],
        "slots": 2,
        "total": WorkerResources(cpus=4, memory_mib=4096),
        "started_at": now,
        "seen_at": now,
    }
    return WorkerHeartbeat.model_validate(fields | changes)
