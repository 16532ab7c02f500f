"""What attempts have written becomes their jobs', in the transaction in which these complete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from operation_server.database.storable_text import storable_text
from operation_server.jobs.transitions.ending import EndedAttempt
from satellite.contracts.attempt_files import RESULT_NAME, Artifact
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus

NOT_THERE = "What the plugin has written for the job is not stored any more."

# What was brought for attempts, and waits for these to complete; locked, so that no sweeper takes it.
BROUGHT = text("""
    SELECT a.job_id, a.attempt, a.name, f.id AS file_id, f.size_bytes, f.sha256
    FROM artifacts AS a JOIN files AS f ON f.id = a.file_id
    WHERE a.job_id = ANY(CAST(:job_ids AS bigint[])) AND f.state = 'uploading' AND f.sha256 IS NOT NULL
    ORDER BY f.id FOR UPDATE OF f
""")

MAKE_READY = text("""
    UPDATE files SET state = 'ready' WHERE id = ANY(CAST(:file_ids AS text[]))
""")


def checked_artifacts(connection: Connection, outcomes: Iterable[Outcome]) -> dict[AttemptKey, Outcome]:
    """Return those of some outcomes that name artifacts: as they are, or failed where one is not there."""
    naming = [outcome for outcome in outcomes if outcome.artifacts]
    if not naming:
        return {}
    brought: dict[tuple[int, int], list[Artifact]] = {}
    for row in connection.execute(BROUGHT, {"job_ids": [outcome.job_id for outcome in naming]}):
        found = Artifact(name=row.name, file_id=row.file_id, size_bytes=row.size_bytes, sha256=row.sha256)
        brought.setdefault((row.job_id, row.attempt), []).append(found)
    return {
        outcome.key: _checked(outcome, brought.get((outcome.job_id, outcome.attempt), []))
        for outcome in naming
    }


def large_result(outcome: Outcome) -> dict[str, Any] | None:
    """Return what a job tells of a result that is an artifact, because it is too large for an answer."""
    if outcome.result_json is not None or outcome.result_preview is None:
        return None
    named = (artifact for artifact in outcome.artifacts if artifact.name == RESULT_NAME)
    return next(
        ({**one.model_dump(), "preview": storable_text(outcome.result_preview)} for one in named), None
    )


def publish_artifacts(connection: Connection, ended: Sequence[EndedAttempt]) -> None:
    """Let everybody who sees the jobs of completed attempts see what these have written."""
    file_ids = [artifact.file_id for end in ended for artifact in end.artifacts]
    if file_ids:
        connection.execute(MAKE_READY, {"file_ids": file_ids})


def _checked(outcome: Outcome, brought: list[Artifact]) -> Outcome:
    if outcome.status is not OutcomeStatus.COMPLETED:
        return outcome.model_copy(update={"artifacts": []})
    if all(one in brought for one in outcome.artifacts):
        return outcome
    error = JobError(kind=ErrorKind.INTERNAL, message=NOT_THERE)
    return outcome.model_copy(
        update={"status": OutcomeStatus.FAILED, "result_json": None, "artifacts": [], "error": error}
    )
