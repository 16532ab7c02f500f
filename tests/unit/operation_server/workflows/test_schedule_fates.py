"""What becomes of ticks: catchup, overlap, and which of them have come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from operation_server.workflows.schedules.due import find_due
from operation_server.workflows.schedules.fates import decide
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Catchup, Overlap, Schedule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVERY_TEN = "*/10 * * * *"


def fates(
    schedule: Schedule, ticks: int, *, late_s: float = 0, open_runs: int = 0, queued: int = 0
) -> list[str]:
    """What becomes of the last so many ticks until noon, looked at so much later."""
    due = [NOON - timedelta(minutes=10 * number) for number in reversed(range(ticks))]
    now = NOON + timedelta(seconds=late_s)
    return [str(one.fate) for one in decide(due, schedule, now=now, open_runs=open_runs, queued=queued)]


@pytest.mark.parametrize(
    ("catchup", "late_s", "wanted"),
    [
        (Catchup.NONE, 300, ["missed"] * 18),
        (Catchup.NONE, 59, ["missed"] * 17 + ["ran"]),
        (Catchup.LATEST, 300, ["missed"] * 17 + ["ran"]),
        (Catchup.ALL, 300, ["ran"] + ["queued"] * 17),
    ],
)
def test_catchup(catchup: Catchup, late_s: float, wanted: list[str]) -> None:
    assert fates(Schedule(cron=EVERY_TEN, catchup=catchup), 18, late_s=late_s) == wanted


@pytest.mark.parametrize(
    ("overlap", "open_runs", "queued", "wanted"),
    [
        (Overlap.QUEUE_ONE, 0, 0, "ran"),
        (Overlap.QUEUE_ONE, 1, 0, "queued"),
        (Overlap.QUEUE_ONE, 1, 1, "skipped_overlap"),
        (Overlap.QUEUE_ONE, 0, 1, "skipped_overlap"),
        (Overlap.QUEUE_ALL, 1, 7, "queued"),
        (Overlap.SKIP, 0, 0, "ran"),
        (Overlap.SKIP, 1, 0, "skipped_overlap"),
        (Overlap.REPLACE, 0, 0, "ran"),
        (Overlap.REPLACE, 1, 1, "queued"),
        (Overlap.ALLOW, 5, 0, "ran"),
    ],
)
def test_overlap(overlap: Overlap, open_runs: int, queued: int, wanted: str) -> None:
    schedule = Schedule(cron=EVERY_TEN, overlap=overlap)
    assert fates(schedule, 1, open_runs=open_runs, queued=queued) == [wanted]


@pytest.mark.parametrize(
    ("overlap", "wanted"),
    [
        (Overlap.QUEUE_ONE, ["ran", "queued", "queued"]),
        (Overlap.QUEUE_ALL, ["ran", "queued", "queued"]),
        (Overlap.SKIP, ["ran", "skipped_overlap", "skipped_overlap"]),
        (Overlap.REPLACE, ["ran", "queued", "queued"]),
        (Overlap.ALLOW, ["ran", "ran", "ran"]),
    ],
)
def test_overlap_of_what_is_made_up_for(overlap: Overlap, wanted: list[str]) -> None:
    assert fates(Schedule(cron=EVERY_TEN, catchup=Catchup.ALL, overlap=overlap), 3, late_s=300) == wanted


class TestDue:
    def test_ticks_that_have_come_and_the_next(self) -> None:
        due = find_due(Ticks(Schedule(cron=EVERY_TEN)), since=NOON - timedelta(minutes=20), now=NOON)
        assert [f"{tick:%H:%M}" for tick in due.ticks] == ["11:40", "11:50", "12:00"]
        assert (due.missed, due.next_at) == (None, NOON + timedelta(minutes=10))

    def test_what_is_older_than_a_day_is_missed(self) -> None:
        ticks = Ticks(Schedule(cron="0 * * * *"))
        due = find_due(ticks, since=NOON - timedelta(days=9), now=NOON + timedelta(minutes=5))
        assert len(due.ticks) == 24
        assert due.missed == (NOON - timedelta(days=9), NOON - timedelta(hours=24))

    def test_and_what_is_more_than_a_hundred(self) -> None:
        ticks = Ticks(Schedule(every_s=1), anchor=NOON)
        due = find_due(ticks, since=NOON - timedelta(hours=30), now=NOON)
        assert due.ticks == [NOON - timedelta(seconds=number) for number in reversed(range(100))]
        assert due.missed == (NOON - timedelta(hours=30), NOON - timedelta(seconds=100))

    def test_a_tick_of_long_ago_alone(self) -> None:
        sunday = NOON - timedelta(days=1, hours=12)
        due = find_due(Ticks(Schedule(cron="@weekly")), since=sunday, now=NOON)
        assert (due.ticks, due.missed) == ([], (sunday, sunday))
