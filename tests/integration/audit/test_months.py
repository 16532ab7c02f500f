"""The tables of the audit trail: made ahead, dropped when old, and gone with the migration."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from operation_server.database.migrate import migrate, migrate_down
from operation_server.trail.months import MADE_AHEAD, Month, keep_months
from operation_server.trail.repository import list_months

ADD = text("INSERT INTO audit_entries (at, action, object_type) VALUES (:at, 'job.cancel', 'job')")
WHERE = text("SELECT at::date::text, tableoid::regclass::text FROM audit_entries ORDER BY at")


def keep(engine: Engine, today: date, *, kept: int = 24) -> list[str]:
    with engine.begin() as connection:
        keep_months(connection, today=today, kept=kept)
        return list_months(connection)


def add(engine: Engine, *days: str) -> None:
    with engine.begin() as connection:
        for day in days:
            connection.execute(ADD, {"at": day})


def where(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [(day, table) for day, table in connection.execute(WHERE)]


def test_entries_lie_in_their_months(blocking_engine: Engine) -> None:
    made = keep(blocking_engine, date(2026, 11, 29))
    add(blocking_engine, "2026-11-30 23:59+00", "2026-12-01 00:00+00", "2029-01-01 00:00+00")

    assert made == [Month(2026, 11).later(ahead).table for ahead in range(MADE_AHEAD + 1)]
    assert where(blocking_engine) == [
        ("2026-11-30", "audit.entries_2026_11"),
        ("2026-12-01", "audit.entries_2026_12"),
        ("2029-01-01", "audit.entries_of_no_month"),
    ]


def test_old_months_are_dropped_whole(blocking_engine: Engine) -> None:
    keep(blocking_engine, date(2026, 1, 1))
    add(blocking_engine, "2026-01-31 12:00+00", "2026-02-01 12:00+00", "2026-04-01 12:00+00")

    left = keep(blocking_engine, date(2026, 4, 30), kept=2)

    assert left[0] == "entries_2026_02"
    assert [day for day, _ in where(blocking_engine)] == ["2026-02-01", "2026-04-01"]
    assert keep(blocking_engine, date(2026, 4, 30), kept=2) == left


def test_a_month_that_is_over_is_sealed_and_a_change_is_noticed(blocking_engine: Engine) -> None:
    keep(blocking_engine, date(2026, 1, 1))
    add(blocking_engine, "2026-01-31 12:00+00", "2026-01-01 12:00+00", "2026-02-01 12:00+00")

    with capture_logs() as early:
        keep(blocking_engine, date(2026, 2, 1))
    with capture_logs() as first:
        keep(blocking_engine, date(2026, 2, 2))
    with capture_logs() as again:
        keep(blocking_engine, date(2026, 2, 3))
    with blocking_engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit.entries_2026_01 DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit.entries_2026_01 SET actor = 'nobody' WHERE at < '2026-01-02'"))
    with capture_logs() as changed:
        keep(blocking_engine, date(2026, 2, 4))

    assert (early, again) == ([], [])
    assert [(line["log_level"], line["month"], line["entries"]) for line in first + changed] == [
        ("info", "entries_2026_01", 2),
        ("error", "entries_2026_01", 2),
    ]


def test_a_month_that_began_without_a_table_stops_no_other(blocking_engine: Engine) -> None:
    add(blocking_engine, "2026-11-29 12:00+00")

    made = keep(blocking_engine, date(2026, 11, 29))

    assert made[0] == "entries_2026_12"
    assert where(blocking_engine) == [("2026-11-29", "audit.entries_of_no_month")]


@pytest.mark.parametrize(
    ("months", "wanted"),
    [(0, (2026, 12)), (1, (2027, 1)), (-12, (2025, 12)), (-24, (2024, 12)), (25, (2029, 1))],
)
def test_months_are_counted_across_years(months: int, wanted: tuple[int, int]) -> None:
    assert Month(2026, 12).later(months) == wanted


def test_the_migration_goes_both_ways(database_url: str, blocking_engine: Engine) -> None:
    keep(blocking_engine, date(2026, 11, 29))
    add(blocking_engine, "2026-11-29 12:00+00")
    blocking_engine.dispose()

    migrate_down(database_url, revision="0004")
    with blocking_engine.connect() as connection:
        left = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname LIKE '%entries%'"))
        schemas = connection.scalar(text("SELECT count(*) FROM pg_namespace WHERE nspname = 'audit'"))
    blocking_engine.dispose()
    migrate(database_url)

    assert (left, schemas) == (0, 0)
    assert where(blocking_engine) == []
