"""Sessions on connections, without a network: who gets one, and when another connection is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from analysis_server.connector.ssh import backoff
from analysis_server.connector.ssh.errors import AuthRefused, ChannelRefused, SshError, Unreachable
from analysis_server.connector.ssh.seats import Line, Seats, Wish

EXTRA = Wish(is_apart=True, leaves=1, waits=False)


@dataclass
class Stub:
    """A connection of which only the line counts."""

    is_alive: bool = True
    rtt_s: float = 0.0

    def close(self) -> None:
        self.is_alive = False


@pytest.fixture(autouse=True)
def dials_need_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "BETWEEN_DIALS_S", 0.0)


def seats(connect: Callable[[], Stub] = Stub, *, connections_max: int = 3, sessions_max: int = 3) -> Seats:
    return Seats(connect, connections_max=connections_max, sessions_max=sessions_max)  # type: ignore[arg-type]


def take(of: Seats, wish: Wish = Wish()) -> Line:  # noqa: B008
    return of.take(wish, until_s=time.monotonic())


def test_another_connection_is_made_when_all_seats_are_taken():
    of = seats()
    lines = [take(of) for _ in range(9)]

    assert [lines.count(line) for line in {id(line): line for line in lines}.values()] == [3, 3, 3]
    with pytest.raises(ChannelRefused):
        take(of)
    of.leave(lines[0])
    assert take(of) is lines[0]


def test_what_sends_much_goes_apart_and_leaves_a_seat():
    of = seats()
    streams = [take(of, EXTRA) for _ in range(8)]

    assert len({id(line) for line in streams[:3]}) == 3
    with pytest.raises(ChannelRefused):
        take(of, EXTRA)
    assert take(of)


def test_a_host_that_allows_fewer_is_remembered():
    of = seats(sessions_max=3)
    line = take(of)
    other = take(of)
    assert other is line
    of.leave(other)
    assert of.narrow(line)
    assert take(of) is not line

    of.leave(line)
    assert not of.narrow(line)


def test_a_dead_connection_is_replaced():
    of = seats()
    first = take(of)
    first.connection.close()

    assert of.connections == 0
    assert take(of) is not first
    assert of.connections == 1


def failing(errors: list[SshError]) -> Callable[[], Stub]:
    def connect() -> Stub:
        if errors:
            raise errors.pop(0)
        return Stub()

    return connect


def test_who_asks_before_a_host_is_dialled_again_is_told_at_once():
    errors: list[SshError] = [Unreachable("away"), Unreachable("still away")]
    of = seats(failing(errors))
    for _ in range(100):
        with pytest.raises(Unreachable, match=r"^away"):
            take(of)

    assert len(errors) == 1


def test_a_refusal_is_never_tried_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backoff, "LONGEST_S", 0.0)
    of = seats(failing([AuthRefused("no")]))
    for _ in range(100):
        with pytest.raises(AuthRefused):
            take(of)


def test_a_host_is_dialled_later_after_each_failure():
    waits = backoff.Backoff()
    lefts = []
    for _ in range(12):
        waits.note_failure()
        lefts.append(waits.left_s)

    assert all(left <= 60 for left in lefts)
    assert lefts[0] <= 1
    assert lefts[-1] >= 29
    waits.note_success()
    assert waits.left_s <= 1
    waits.stop()
    assert waits.left_s == float("inf")


def test_closed_ones_give_nothing():
    of = seats()
    line = take(of)
    of.close()

    assert not line.connection.is_alive
    with pytest.raises(Unreachable):
        take(of)
