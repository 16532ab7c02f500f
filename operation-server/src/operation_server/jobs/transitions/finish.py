"""Outcomes: what workers report, applied once each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from operation_server.database.storable_text import storable_text
from operation_server.jobs.transitions.artifacts import (
    checked_artifacts,
    large_result,
    publish_artifacts,
)
from operation_server.jobs.transitions.ending import (
    EndedAttempt,
    LockedAttempt,
    decide_for,
    end_attempts,
    lock_attempts,
)
from operation_server.jobs.transitions.lose import with_reason
from operation_server.jobs.transitions.policy import DEFAULT_LOSSES, LossBudget
from operation_server.jobs.transitions.timings import job_timings
from operation_server.jobs.transitions.trained_versions import Made, make_versions
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.json_text import JSONMalformed, JSONRefused, parse_json
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedOutcomes:
    """What a batch of outcomes did."""

    entries: list[StreamEntry] = field(default_factory=list)
    stale: int = 0
    """Outcomes of attempts that are not the newest, or that were applied before: dropped."""
    applied: list[AttemptKey] = field(default_factory=list)
    ended: list[EndedAttempt] = field(default_factory=list)


def apply_outcomes(
    connection: Connection,
    outcomes: Sequence[Outcome],
    *,
    losses: LossBudget = DEFAULT_LOSSES,
    received_at_s: float | None = None,
) -> AppliedOutcomes:
    """Apply each outcome whose attempt is its job's newest and still active; the others are stale.

    An outcome may overtake its `started`. `received_at_s` (monotonic) is when the batch came in.
    """
    # The first of equal outcomes counts; the others of the batch are duplicates.
    newest = {(outcome.key, outcome.generation): _checked(outcome) for outcome in reversed(outcomes)}
    locked = lock_attempts(
        connection,
        [key for key, _ in newest],
        with_policy=[o.job_id for o in newest.values() if o.status is OutcomeStatus.FAILED],
    )
    # Of an attempt that was adopted only its newest adopter has something to say.
    reported = [
        (job, newest[job.key, job.generation]) for job in locked if (job.key, job.generation) in newest
    ]
    checked = checked_artifacts(connection, [outcome for _, outcome in reported])
    reported = [(job, checked.get(job.key, outcome)) for job, outcome in reported]
    made = make_versions(connection, reported)
    waited_ms = (time.monotonic() - received_at_s) * 1000 if received_at_s else 0.0
    ended = [_ended(job, outcome, made.get(job.key), losses, waited_ms) for job, outcome in reported]
    publish_artifacts(connection, ended)
    return AppliedOutcomes(
        entries=end_attempts(connection, ended),
        stale=len(outcomes) - len(ended),
        applied=[job.key for job, _ in reported],
        ended=ended,
    )


def _checked(outcome: Outcome) -> Outcome:
    """Return an outcome whose result can be stored and shown: a worker's word for it is not enough."""
    if outcome.status is not OutcomeStatus.COMPLETED or large_result(outcome) is not None:
        return outcome
    try:
        if outcome.result_json is None:
            raise JSONMalformed("is missing")
        parse_json(outcome.result_json)
    except JSONRefused as refusal:
        return _failed_output(outcome, f"The worker sent a result that is refused: {refusal}.")
    return outcome


def _ended(
    job: LockedAttempt, outcome: Outcome, made: Made | None, losses: LossBudget, waited_ms: float
) -> EndedAttempt:
    if made is not None and made.refusal is not None:
        outcome = _failed_output(outcome, made.refusal)
    error = _storable_error(outcome)
    decision = decide_for(job, outcome.status, kind=error.kind if error else None, losses=losses)
    return EndedAttempt(
        job=job,
        decision=decision,
        outcome=outcome.status,
        worker=outcome.worker,
        result_json=outcome.result_json,
        result_artifact=large_result(outcome),
        artifacts=outcome.artifacts,
        made=None if made is None else made.label,
        error=error and with_reason(error, job, decision, losses),
        started_at=outcome.started_at,
        timings=job_timings(
            created_at=job.created_at,
            dispatched_at=job.dispatched_at,
            completed_at=job.now,
            worker=outcome.timings,
            committed_ms=waited_ms,
        ),
        progress=outcome.progress,
        log=outcome.log,
    )


def _failed_output(outcome: Outcome, message: str) -> Outcome:
    """Return an outcome whose output is refused, and so nothing of it kept."""
    error = JobError(kind=ErrorKind.OUTPUT, message=message)
    return outcome.model_copy(
        update={"status": OutcomeStatus.FAILED, "result_json": None, "result_preview": None, "artifacts": [],
                "error": error}
    )  # fmt: skip


def _storable_error(outcome: Outcome) -> JobError | None:
    if outcome.status is not OutcomeStatus.FAILED:
        return None
    error = outcome.error or JobError(kind=ErrorKind.INTERNAL, message="The worker gave no reason.")
    return error.model_copy(
        update={
            "message": storable_text(error.message),
            "stderr_tail": error.stderr_tail and storable_text(error.stderr_tail),
        }
    )
