"""The judge of a chaos run sees each way to break the promise, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.judge import Case, judge
from tests.chaos.marks import Execution
from tests.chaos.plugins import SERVER
from tests.chaos.submission import Submission
from tests.chaos.tally import Tally
from tests.chaos.work import Kind

ONCE = Kind(name="once", share=1)
FAILING = Kind(name="failing", share=1, may_end=frozenset({"failed"}), fails_with="exit")
RESULT = {"number": 1, "execution": "b"}


def submission(kind: Kind = ONCE, *, lives: int = 1) -> Submission:
    return Submission(number=1, kind=kind, body={}, key="k", job_id=7, lives=lives)


def job(status: str = "completed", **fields: Any) -> dict[str, Any]:
    result = RESULT if status == "completed" else None
    return {"id": 7, "status": status, "attempt": 2, "result": result, "error": None, **fields}


def closing(status: str = "completed", execution: str = "b") -> dict[str, Any]:
    result = {"number": 1, "execution": execution} if status == "completed" else None
    return {"status": status, "result": result}


def attempt(number: int, outcome: str, kind: str | None = None) -> dict[str, Any]:
    error = kind and {"kind": kind, "message": "why"}
    return {"attempt": number, "worker": "w", "outcome": outcome, "error": error}


EXECUTIONS = [Execution(name="a"), Execution(name="b", is_done=True)]
GOOD = Case(
    submission=submission(),
    job=job(),
    attempts=[attempt(1, "failed", "lost"), attempt(2, "completed")],
    closings=[closing()],
    executions=EXECUTIONS,
)


def tally_of(case: Case) -> Tally:
    tally = Tally(seed=1)
    judge(case, tally)
    return tally


def test_a_job_that_was_lost_once_and_then_completed_breaks_nothing() -> None:
    tally = tally_of(GOOD)
    assert tally.is_clean, list(tally.broken())
    assert (tally.submitted, tally.accepted, tally.completed) == (1, 1, 1)
    assert (tally.attempts, tally.executions, tally.effects, tally.repeated_effects) == (2, 2, 1, 0)


def test_work_done_twice_of_which_one_outcome_counts_is_told_and_breaks_nothing() -> None:
    done = [Execution(name="a", is_done=True), Execution(name="b", is_done=True)]
    tally = tally_of(replace(GOOD, executions=done))
    assert tally.is_clean
    assert (tally.effects, tally.repeated_effects) == (2, 1)


BREAKS: dict[str, tuple[Case, Callable[[Tally], list[dict[str, Any]]]]] = {
    "gone": (replace(GOOD, job=None), lambda tally: tally.lost),
    "unfinished": (
        replace(GOOD, job=job("queued"), closings=[], attempts=[]),
        lambda tally: tally.stuck,
    ),
    "failed though its plugin succeeds": (
        replace(
            GOOD,
            job=job("failed", error={"kind": "lost", "message": ""}),
            attempts=[],
            closings=[closing("failed")],
        ),
        lambda tally: tally.wrongly_failed,
    ),
    "cancelled by nobody": (
        replace(GOOD, job=job("cancelled"), attempts=[], closings=[closing("cancelled")]),
        lambda tally: tally.wrongly_failed,
    ),
    "completed though its plugin fails": (
        replace(GOOD, submission=submission(FAILING)),
        lambda tally: tally.wrongly_failed,
    ),
    "failed for another reason than its plugin's": (
        replace(
            GOOD,
            submission=submission(FAILING),
            job=job("failed", error={"kind": "image", "message": ""}),
            attempts=[],
            closings=[closing("failed")],
        ),
        lambda tally: tally.wrongly_failed,
    ),
    "lost though its plugin fails": (
        replace(
            GOOD,
            submission=submission(FAILING),
            job=job("failed", error={"kind": "lost", "message": ""}),
            attempts=[],
            closings=[closing("failed")],
        ),
        lambda tally: tally.wrongly_failed,
    ),
    "completed though no work was done": (
        replace(GOOD, executions=[Execution(name="b")]),
        lambda tally: tally.without_effect,
    ),
    "two attempts recorded as completed": (
        replace(GOOD, attempts=[attempt(1, "completed"), attempt(2, "completed")]),
        lambda tally: tally.doubly_effective,
    ),
    "told twice": (
        replace(GOOD, closings=[closing(), closing("failed")]),
        lambda tally: tally.doubly_effective,
    ),
    "told of another result than it has": (
        replace(GOOD, closings=[closing(execution="a")]),
        lambda tally: tally.doubly_effective,
    ),
    "an attempt executed twice": (
        replace(GOOD, executions=[*EXECUTIONS, Execution(name="c")]),
        lambda tally: tally.run_twice,
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_way_to_break_the_promise_is_seen_and_only_that(name: str) -> None:
    case, list_of = BREAKS[name]
    tally = tally_of(case)
    assert [story["job"] for story in list_of(tally)] == [7]
    assert sum(len(stories) for _, stories in tally.broken()) == 1


def test_a_retry_by_hand_may_be_told_of_again() -> None:
    retried = replace(GOOD, submission=submission(lives=2), closings=[closing("cancelled"), closing()])
    assert tally_of(retried).is_clean


def test_what_nobody_can_count_is_not_missed() -> None:
    served = submission(Kind(name="served", share=1, plugin=SERVER))
    assert tally_of(replace(GOOD, submission=served, executions=None)).is_clean


def test_a_story_names_attempts_with_kinds_and_workers() -> None:
    told = replace(GOOD, job=None).story()["attempts"]
    assert told == ["1 on w: failed (lost: why)", "2 on w: completed"]
