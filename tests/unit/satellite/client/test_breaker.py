"""When a server is left alone, and when it is tried again."""

from __future__ import annotations

import pytest

from satellite.client import APIError, CircuitBreaker, ServerUnreachable, ServiceAway, WaitTimedOut
from satellite.client.breaker import is_away

PAUSE_S = 10.0


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=2, pause_s=PAUSE_S, clock=clock)


def fail(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    """Let a call fail."""
    error = error or ServerUnreachable("no")
    with pytest.raises(type(error)), breaker.passing():
        raise error


def test_it_opens_after_failures_in_a_row_and_tells_for_how_long(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker)
    with breaker.passing():
        pass
    fail(breaker)
    fail(breaker)
    clock.now_s += 4

    with pytest.raises(ServiceAway) as away, breaker.passing():
        pass
    assert away.value.retry_after_s == PAUSE_S - 4


def test_one_call_tries_and_decides(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now_s += PAUSE_S
    with breaker.passing(), pytest.raises(ServiceAway), breaker.passing():
        pass
    with breaker.passing(), breaker.passing():
        pass

    fail(breaker)
    fail(breaker)
    clock.now_s += PAUSE_S
    fail(breaker)
    with pytest.raises(ServiceAway), breaker.passing():
        pass


def test_a_try_that_reached_the_server_lets_others_through_before_it_ends(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker)
    fail(breaker)
    clock.now_s += PAUSE_S
    with breaker.passing() as reached:
        reached()
        with breaker.passing():
            pass


def test_a_try_that_is_given_up_leaves_room_for_the_next(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now_s += PAUSE_S
    fail(breaker, KeyboardInterrupt())
    with breaker.passing():
        pass


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ServerUnreachable("no"), True),
        *(
            (APIError(status, {}), status in {502, 503, 504})
            for status in (400, 404, 429, 500, 502, 503, 504)
        ),
        (WaitTimedOut(7, 1), False),
        (ValueError("no"), False),
    ],
)
def test_only_faults_of_reachability_count(breaker: CircuitBreaker, error: Exception, counts: bool) -> None:
    assert is_away(error) is counts
    fail(breaker, error)
    fail(breaker, error)
    if counts:
        with pytest.raises(ServiceAway), breaker.passing():
            pass
    else:
        with breaker.passing():
            pass
