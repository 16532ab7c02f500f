"""Which attempts nobody will ever start: those whose message is in no queue any more."""

from __future__ import annotations

from operation_server.dispatch.reconciler import ActiveAttempt, find_missing
from satellite.testing import attempt_key_of

CPU, GPU = "cpu", "gpu"


def attempt(job_id: int, *, queue: str = CPU, leased: bool = False, started: bool = False) -> ActiveAttempt:
    return ActiveAttempt(
        key=attempt_key_of(job_id),
        is_processing=started,
        cancel_requested=False,
        dispatched_s=60 - job_id,
        started_s=0,
        queue=queue,
        has_lease=leased,
    )


def missing(attempts: list[ActiveAttempt], **lengths: int) -> list[int]:
    newest_first = sorted(attempts, key=lambda one: one.dispatched_s)
    return [one.key.job_id for one in find_missing(newest_first, lengths)]


def test_what_still_waits_in_its_queue_is_not_missing() -> None:
    assert missing([attempt(1), attempt(2), attempt(3)], cpu=3) == []


def test_the_oldest_ones_are_missing_when_the_queue_is_shorter() -> None:
    assert missing([attempt(1), attempt(2), attempt(3)], cpu=1) == [2, 1]


def test_claimed_and_started_attempts_are_in_no_queue() -> None:
    attempts = [attempt(1, leased=True), attempt(2), attempt(3, started=True), attempt(4)]
    assert missing(attempts, cpu=2) == []
    assert missing(attempts, cpu=1) == [2]


def test_each_queue_counts_for_itself() -> None:
    assert missing([attempt(1, queue=GPU), attempt(2)], cpu=2, gpu=0) == [1]


def test_a_queue_may_hold_messages_of_attempts_long_gone() -> None:
    assert missing([attempt(1)], cpu=9) == []
