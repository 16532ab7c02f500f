"""When something is sent again, and which lanes have room."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operation_server.notifications.sending.backoff import JITTER, LONGEST_S, delay_s, retry_after_s
from operation_server.notifications.sending.circuit import OPENS_AFTER, Lanes


def test_it_is_waited_longer_each_time() -> None:
    usual = [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 21_600, 21_600]

    for attempts, expected in enumerate(usual, start=1):
        assert expected * (1 - JITTER) <= delay_s(attempts) <= expected * (1 + JITTER)
    assert delay_s(10**6) <= LONGEST_S * (1 + JITTER)


def test_what_a_receiver_asks_for_is_waited_for_within_reason() -> None:
    assert delay_s(1, asked_s=100) == 100
    assert delay_s(1, asked_s=10**9) == LONGEST_S
    assert delay_s(4, asked_s=0) >= 100


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("7", 7.0), (" 7 ", 7.0), ("soon", None), ("-7", None), ("", None),
        ("Fri, 02 Jan 2026 00:01:00 GMT", 60.0), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("9" * 50, 999999999.0),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=datetime(2026, 1, 2, tzinfo=UTC)) == seconds


def test_a_lane_that_fails_is_tried_one_at_a_time() -> None:
    now = 0.0
    lanes = Lanes(at_once=4, clock=lambda: now)
    for _ in range(OPENS_AFTER):
        assert lanes.taken() == {}
        lanes.begin("a")
        lanes.end("a", is_well=False)

    assert lanes.taken() == {"a": 4}
    now = 5.0
    assert lanes.taken() == {"a": 3}
    lanes.begin("a")
    assert lanes.taken() == {"a": 4}
    lanes.end("a", is_well=False)
    now = 14.0
    assert lanes.taken() == {"a": 4}
    now = 15.0
    lanes.begin("a")
    lanes.end("a", is_well=True)
    assert lanes.taken() == {}
