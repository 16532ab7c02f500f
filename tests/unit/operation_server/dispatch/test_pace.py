"""Loops rest the longer, the more comes together, and never in front of a job that is alone."""

from __future__ import annotations

import pytest

from operation_server.dispatch import pace
from operation_server.dispatch.pace import LONGEST_REST_S, Pace, Rate
from operation_server.jobs.transitions import DispatchCapacity


class Clock:
    """A clock that stands still until it is told otherwise."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def test_a_steady_stream_is_measured(clock: Clock) -> None:
    rate = Rate()
    for _ in range(200):
        clock.now_s += 0.01
        measured = rate.count(2)
    assert measured == pytest.approx(200, rel=0.05)


def test_what_is_long_ago_is_forgotten(clock: Clock) -> None:
    rate = Rate()
    rate.count(1_000)
    clock.now_s += 5
    assert rate.count(0) < 0.01


def test_a_job_that_is_alone_never_meets_a_rest() -> None:
    loop = Pace()
    assert {loop.rest_s(1, took_s=0.006) for _ in range(100)} == {0.0}


def test_what_comes_together_is_gathered_the_longer_the_more_it_is() -> None:
    few, many = Pace(), Pace()
    rests_s = [(few.rest_s(2, took_s=0.004), many.rest_s(5, took_s=0.004)) for _ in range(10)][-1]
    assert rests_s == pytest.approx((0.004, 0.016), rel=0.01)


def test_a_machine_that_is_twice_as_quick_rests_half_as_long() -> None:
    assert Pace().rest_s(4, took_s=0.002) == Pace().rest_s(4, took_s=0.004) / 2


def test_the_first_that_is_alone_again_ends_the_rests() -> None:
    loop = Pace()
    for _ in range(10):
        loop.rest_s(8, took_s=0.01)
    assert loop.rest_s(1, took_s=0.01) == 0


def test_a_rest_is_short_however_much_comes() -> None:
    assert Pace().rest_s(10_000, took_s=1) == LONGEST_REST_S


def test_an_empty_round_needs_no_rest() -> None:
    assert Pace().rest_s(0, took_s=1) == 0


def test_a_queue_that_nobody_consumes_stays_closed() -> None:
    deeper = DispatchCapacity(depths={"cpu": 20}).deepened_by(30)
    assert (deeper.depths.get("cpu"), deeper.depths.get("gpu")) == (50, None)
