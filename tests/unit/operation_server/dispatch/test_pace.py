"""Loops rest the longer, the more comes, and not at all for who comes alone."""

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


def test_one_client_that_waits_for_each_job_is_not_held_up(clock: Clock) -> None:
    loop = Pace()
    for _ in range(100):
        clock.now_s += 0.025
        rest_s = loop.rest_s(1)
    assert rest_s < 0.01


def test_a_rest_is_short_however_much_comes(clock: Clock) -> None:
    loop = Pace()
    clock.now_s += 0.01
    assert loop.rest_s(10_000) == LONGEST_REST_S


def test_an_empty_round_after_silence_needs_no_rest(clock: Clock) -> None:
    del clock
    assert Pace().rest_s(0) == 0


def test_a_queue_that_nobody_consumes_stays_closed() -> None:
    deeper = DispatchCapacity(depth=20, gpu_depth=0).deepened_by(30)
    assert (deeper.depth, deeper.gpu_depth) == (50, 0)
