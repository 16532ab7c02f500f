"""Compares, job by job, what was asked for, what the platform says and what the marks say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.marks import Execution
from tests.chaos.plugins import ONESHOT
from tests.chaos.submission import ENDED, Submission
from tests.chaos.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that is known of one submission."""

    submission: Submission
    job: dict[str, Any] | None
    """As the API shows it."""
    attempts: Sequence[dict[str, Any]] = ()
    """As PostgreSQL has recorded their ends."""
    closings: Sequence[dict[str, Any]] = ()
    """The events that told a client of the end."""
    executions: Sequence[Execution] | None = ()
    """None where nobody can count them."""

    @property
    def done(self) -> list[str]:
        """Return the names of the executions that did their work."""
        return [execution.name for execution in self.executions or () if execution.is_done]

    def story(self) -> dict[str, Any]:
        """Return what a person needs for finding out what happened."""
        job = self.job or {}
        return {
            "job": self.submission.job_id,
            "number": self.submission.number,
            "kind": self.submission.kind.name,
            "status": job.get("status"),
            "error": job.get("error"),
            "attempt": job.get("attempt"),
            "attempts": [_told(attempt) for attempt in self.attempts],
            "closings": [closing["status"] for closing in self.closings],
            "executions": len(self.executions or ()),
            "done": len(self.done),
        }


def judge(case: Case, tally: Tally) -> None:
    """Count one submission."""
    _count(case, tally)
    if case.job is None:
        tally.lost.append(case.story())
        return
    for breaks, stories in (
        (is_stuck, tally.stuck),
        (is_wrongly_failed, tally.wrongly_failed),
        (is_without_effect, tally.without_effect),
        (is_doubly_effective, tally.doubly_effective),
        (is_run_twice, tally.run_twice),
    ):
        if breaks(case, case.job):
            stories.append(case.story())


def is_stuck(case: Case, job: dict[str, Any]) -> bool:
    """Tell whether the job has not ended."""
    return job["status"] not in ENDED


def is_wrongly_failed(case: Case, job: dict[str, Any]) -> bool:
    """Tell whether the job ended otherwise than it should: no fault here is the job's own."""
    kind = case.submission.kind
    if job["status"] not in ENDED:
        return False
    if job["status"] != "failed":
        return job["status"] not in kind.may_end
    return job["error"]["kind"] != kind.fails_with


def is_without_effect(case: Case, job: dict[str, Any]) -> bool:
    """Tell whether the job completed, and not by an execution that did its work."""
    if job["status"] != "completed" or case.executions is None:
        return False
    return job["result"]["execution"] not in case.done


def is_doubly_effective(case: Case, job: dict[str, Any]) -> bool:
    """Tell whether the outcomes of two attempts took effect.

    That work was done twice is no fault as long as only one outcome counts: it is recorded and told once
    in each life of the job, and what was told is what stands there.
    """
    completed = [attempt for attempt in case.attempts if attempt["outcome"] == "completed"]
    results = [closing["result"] for closing in case.closings if closing["status"] == "completed"]
    return (
        len(completed) > 1
        or len(case.closings) > case.submission.lives
        or results != ([job["result"]] if job["status"] == "completed" else [])
    )


def is_run_twice(case: Case, job: dict[str, Any]) -> bool:
    """Tell whether an attempt was executed more than once; the others of a batch may be, when one ends it."""
    return case.submission.kind.plugin == ONESHOT and len(case.executions or ()) > job["attempt"]


def _count(case: Case, tally: Tally) -> None:
    done, status = len(case.done), (case.job or {}).get("status")
    tally.submitted += 1
    tally.accepted += case.submission.job_id is not None
    tally.attempts += len(case.attempts)
    tally.executions += len(case.executions or ())
    tally.effects += done
    tally.repeated_effects += max(0, done - 1)
    tally.completed += status == "completed"
    kind = case.submission.kind
    tally.failed_as_meant += status == "failed" and kind.fails_with is not None
    tally.cancelled_as_meant += status == "cancelled" and "cancelled" in kind.may_end


def _told(attempt: dict[str, Any]) -> str:
    error = attempt["error"] or {}
    why = f" ({error['kind']}: {error['message']})" if error else ""
    return f"{attempt['attempt']} on {attempt['worker']}: {attempt['outcome']}{why}"
