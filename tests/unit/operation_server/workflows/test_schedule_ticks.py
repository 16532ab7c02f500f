"""Ticks of schedules through changes of the clock: a golden table, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.preview import preview
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule

# By zone: the day before the clock is put forward or back, what ticks in 30 hours from its noon, in UTC.
# `30 2` is a time of the day, `30 */2` and `*/30 2` are rhythms.
GOLDEN: list[tuple[str, str, str, list[str]]] = [
    # Berlin 2026-03-29: 02:00 +01 becomes 03:00 +02.
    ("Europe/Berlin", "2026-03-28", "30 2 * * *", ["29 01:00"]),
    ("Europe/Berlin", "2026-03-28", "0,30 2,3 * * *", ["29 01:00", "29 01:30"]),
    (
        "Europe/Berlin",
        "2026-03-28",
        "0 */4 * * *",
        ["28 15:00", "28 19:00", "28 23:00", "29 02:00", "29 06:00", "29 10:00", "29 14:00"],
    ),
    ("Europe/Berlin", "2026-03-28", "*/30 2 * * *", []),
    # Berlin 2026-10-25: 03:00 +02 becomes 02:00 +01.
    ("Europe/Berlin", "2026-10-24", "30 2 * * *", ["25 00:30"]),
    ("Europe/Berlin", "2026-10-24", "30 3 * * *", ["25 02:30"]),
    ("Europe/Berlin", "2026-10-24", "*/30 2 * * *", ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]),
    # New York 2026-03-08: 02:00 -05 becomes 03:00 -04.
    ("America/New_York", "2026-03-07", "15 2 * * *", ["08 07:00"]),
    ("America/New_York", "2026-03-07", "0 3 * * *", ["08 07:00"]),
    ("America/New_York", "2026-03-07", "*/30 2 * * *", []),
    # New York 2026-11-01: 02:00 -04 becomes 01:00 -05.
    ("America/New_York", "2026-10-31", "30 1 * * *", ["01 05:30"]),
    ("America/New_York", "2026-10-31", "*/30 1 * * *", ["01 05:00", "01 05:30", "01 06:00", "01 06:30"]),
    # London 2026-03-29: 01:00 +00 becomes 02:00 +01; 2026-10-25 back.
    ("Europe/London", "2026-03-28", "30 1 * * *", ["29 01:00"]),
    ("Europe/London", "2026-10-24", "30 1 * * *", ["25 00:30"]),
    (
        "Europe/London",
        "2026-10-24",
        "0 */6 * * *",
        ["24 17:00", "24 23:00", "25 06:00", "25 12:00"],
    ),
    # Lord Howe 2026-10-04: 02:00 +10:30 becomes 02:30 +11; 2026-04-05: 02:00 +11 becomes 01:30 +10:30.
    ("Australia/Lord_Howe", "2026-10-03", "15 2 * * *", ["03 15:30"]),
    (
        "Australia/Lord_Howe",
        "2026-10-03",
        "0 */3 * * *",
        [
            "03 04:30",
            "03 07:30",
            "03 10:30",
            "03 13:30",
            "03 16:00",
            "03 19:00",
            "03 22:00",
            "04 01:00",
            "04 04:00",
            "04 07:00",
        ],
    ),
    ("Australia/Lord_Howe", "2026-04-04", "45 1 * * *", ["04 14:45"]),
    (
        "Australia/Lord_Howe",
        "2026-04-04",
        "*/15 1 * * *",
        ["04 14:00", "04 14:15", "04 14:30", "04 14:45", "04 15:00", "04 15:15"],
    ),
    (
        "Australia/Lord_Howe",
        "2026-04-04",
        "0 */2 * * *",
        [
            "04 03:00",
            "04 05:00",
            "04 07:00",
            "04 09:00",
            "04 11:00",
            "04 13:00",
            "04 15:30",
            "04 17:30",
            "04 19:30",
            "04 21:30",
            "04 23:30",
            "05 01:30",
            "05 03:30",
            "05 05:30",
        ],
    ),
    # Santiago 2026-09-06: 00:00 -04 becomes 01:00 -03: that day has no midnight; 2026-04-05: 00:00 back.
    ("America/Santiago", "2026-09-05", "@daily", ["06 04:00"]),
    ("America/Santiago", "2026-09-05", "*/30 0 * * *", []),
    ("America/Santiago", "2026-04-04", "30 23 * * *", ["05 02:30"]),
    ("America/Santiago", "2026-04-04", "@daily", ["05 04:00"]),
    ("America/Santiago", "2026-04-04", "*/30 23 * * *", ["05 02:00", "05 02:30", "05 03:00", "05 03:30"]),
    # Seoul never changes.
    ("Asia/Seoul", "2026-03-28", "@daily", ["28 15:00"]),
    (
        "Asia/Seoul",
        "2026-03-28",
        "30 */6 * * *",
        ["28 03:30", "28 09:30", "28 15:30", "28 21:30", "29 03:30"],
    ),
]
EXPRESSIONS = st.sampled_from(
    [
        "30 2 * * *",
        "*/20 * * * *",
        "0 */3 * * *",
        "5,35 1-3 * * *",
        "*/15 1 * * *",
        "0 0 * * *",
        "@hourly",
        "@weekly",
        "15 2 1 * *",
        "* 2 * 3,10 0",
        "10 0,2,3 29 2 *",
    ]
)
ZONES = st.sampled_from([*sorted({zone for zone, *_ in GOLDEN}), "UTC", "Africa/Casablanca", "Pacific/Apia"])
MOMENTS = st.integers(1_230_768_000, 2_051_222_400).map(
    lambda second: datetime.fromtimestamp(second + 0.5, UTC)
)


def ticks_of(cron: str, zone: str = "UTC") -> Ticks:
    return Ticks(Schedule(cron=cron, timezone=zone))


@pytest.mark.parametrize(
    ("zone", "day", "cron", "wanted"), GOLDEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_golden_table(zone: str, day: str, cron: str, wanted: list[str]) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ticked = ticks_of(cron, zone).between(noon, noon + timedelta(hours=30))
    assert [f"{tick:%d %H:%M}" for tick in ticked] == wanted


class TestAllTicks:
    @given(cron=EXPRESSIONS, zone=ZONES, moment=MOMENTS)
    def test_are_strictly_increasing_and_found_again_backwards(
        self, cron: str, zone: str, moment: datetime
    ) -> None:
        ticks = ticks_of(cron, zone)
        found = [moment]
        for _ in range(8):
            found.append(ticks.after(found[-1]))
        assert all(earlier < later for earlier, later in pairwise(found))
        assert [ticks.before(tick) for tick in found[2:]] == found[1:-1]

    @given(cron=EXPRESSIONS, zone=ZONES, moment=MOMENTS, later=st.timedeltas(timedelta(), timedelta(days=2)))
    def test_do_not_depend_on_where_one_begins(
        self, cron: str, zone: str, moment: datetime, later: timedelta
    ) -> None:
        ticks = ticks_of(cron, zone)
        tick = ticks.after(moment)
        between = min(moment + later, tick - timedelta(microseconds=1))
        assert ticks.after(between) == tick

    @given(cron=EXPRESSIONS, moment=MOMENTS)
    @settings(max_examples=50)
    def test_are_those_of_debian_where_clocks_change_by_an_hour(self, cron: str, moment: datetime) -> None:
        zone = ZoneInfo("Europe/Berlin")
        moment = moment.replace(minute=0, second=0, microsecond=0, hour=12)
        ticks, debian = (
            ticks_of(cron, "Europe/Berlin"),
            CronSim(ticks_of(cron).cron.fields, moment.astimezone(zone)),
        )
        for _ in range(30):
            moment = ticks.after(moment)
            assert moment == next(debian).astimezone(UTC)


class TestIntervals:
    def test_are_counted_from_their_anchor(self) -> None:
        anchor = datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
        ticks = Ticks(Schedule(every_s=90), anchor=anchor)
        assert ticks.after(anchor) == anchor + timedelta(seconds=90)
        assert ticks.after(anchor - timedelta(seconds=1)) == anchor
        assert ticks.before(anchor) == anchor - timedelta(seconds=90)
        assert ticks.before(anchor + timedelta(seconds=1)) == anchor

    def test_fractions_never_drift(self) -> None:
        ticks = Ticks(Schedule(every_s=1.1))
        tick = datetime(2026, 1, 1, tzinfo=UTC)
        first = ticks.after(tick)
        for _ in range(1_000):
            tick = ticks.after(tick)
        assert tick == first + 999 * timedelta(seconds=1.1)

    def test_data_is_that_since_the_tick_before(self) -> None:
        ticks = ticks_of("0 6 * * 1-5", "Asia/Seoul")
        monday = datetime(2026, 1, 4, 21, tzinfo=UTC)
        assert ticks.data_interval(monday) == (monday - timedelta(days=3), monday)


class TestRefusal:
    @pytest.mark.parametrize(
        ("cron", "told"),
        [
            (
                "31 2 *",
                "'31 2 *' has 3 fields instead of five: minute, hour, day of month, month, day of week",
            ),
            ("0 0 0 * * *", "has 6 fields instead of five"),
            ("0 0 30 2 *", "'0 0 30 2 *' is no schedule: bad day-of-month"),
            ("0 0 31 4,6 *", "bad day-of-month"),
            ("60 * * * *", "bad minute"),
            ("*/0 * * * *", "bad minute"),
            ("0 24 * * *", "bad hour"),
            ("0 0 1 13 *", "bad month"),
            ("0 0 * * 8", "bad day-of-week"),
            ("0 0 * * MON#6", "bad day-of-week"),
            ("@once", "what runs once is triggered, not scheduled"),
            ("@continuous", "say with every_s how often"),
            ("@fortnightly", "is none of @hourly, @daily"),
            (" ", "has 0 fields"),
        ],
    )
    def test_of_what_nobody_can_mean(self, cron: str, told: str) -> None:
        with pytest.raises(ScheduleInvalid) as refused:
            ticks_of(cron)
        assert told in str(refused.value)

    @pytest.mark.parametrize(
        "zone", ["Europe/Atlantis", "", "Europe", "../etc/passwd", "localtime", "asia/seoul\0"]
    )
    def test_of_zones_that_there_are_not(self, zone: str) -> None:
        with pytest.raises(ScheduleInvalid, match="there is no time zone"):
            ticks_of("@daily", zone)

    @given(st.text(alphabet="0123456789*/,-#LWlmonjan @?", max_size=30) | st.text(max_size=20))
    def test_is_the_only_error(self, cron: str) -> None:
        try:
            ticks = Ticks(Schedule.model_construct(cron=cron, every_s=None, timezone="Europe/Berlin"))
        except ScheduleInvalid:
            return
        assert ticks.after(datetime(2026, 1, 1, tzinfo=UTC)).second == 0


class TestPreview:
    def test_shows_both_clocks(self) -> None:
        (tick,) = preview(ticks_of("@daily", "Asia/Seoul"), after=datetime(2026, 1, 1, tzinfo=UTC), count=1)
        assert (tick.at.isoformat(), tick.local.isoformat(), tick.note) == (
            "2026-01-01T15:00:00+00:00",
            "2026-01-02T00:00:00+09:00",
            None,
        )

    @pytest.mark.parametrize(
        ("cron", "after", "notes"),
        [
            (
                "30 2 * * *",
                "2026-03-27",
                [None, "the clock is put forward over 02:30 that day: the run starts straight after", None],
            ),
            (
                "30 2 * * *",
                "2026-10-23",
                [None, "the clock shows 02:30 twice that day: the run starts the first time only", None],
            ),
            (
                "0 */12 * * *",
                "2026-03-28T12:00",
                [None, "the clock is put forward by 60 minutes since the tick before", None],
            ),
            (
                "0 */12 * * *",
                "2026-10-24T12:00",
                [None, "the clock is put back by 60 minutes since the tick before", None],
            ),
        ],
    )
    def test_notes_what_a_change_of_the_clock_does(
        self, cron: str, after: str, notes: list[str | None]
    ) -> None:
        moment = datetime.fromisoformat(after).replace(hour=12, tzinfo=UTC)
        assert [
            tick.note for tick in preview(ticks_of(cron, "Europe/Berlin"), after=moment, count=3)
        ] == notes
