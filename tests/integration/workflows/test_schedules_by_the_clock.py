"""Schedules through nights in which clocks are changed, on a database whose clock a test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from redis.asyncio import Redis

from operation_server.database.engine import create_blocking_engine, create_engine
from satellite.contracts import redis_keys
from satellite.contracts.workflow import Overlap, Schedule
from satellite.settings.database import DatabaseSettings
from tests.integration.workflows.schedule_seed import ScheduledWorkflows, scheduler_on

CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.shown (moment timestamptz NOT NULL);
    INSERT INTO clock.shown VALUES (pg_catalog.now());
    CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT moment FROM clock.shown';
"""


class ClockedWorkflows(ScheduledWorkflows):
    """Workflows in a database whose `now()` is what was set."""

    async def set_clock(self, moment: datetime) -> None:
        await self.execute("UPDATE clock.shown SET moment = :moment", moment=moment)

    async def pass_time(self, start: datetime, hours: float, *, step: timedelta) -> None:
        """Let the scheduler look in steps from a moment on."""
        moment = start
        while moment <= start + timedelta(hours=hours):
            await self.set_clock(moment)
            await self.scheduler.look()
            moment += step

    async def ran_at(self, workflow_id: int) -> list[str]:
        return [f"{run.logical_date:%d %H:%M}" for run in await self.runs(workflow_id)]


@pytest.fixture
async def workflows(database_url: str, redis_url: str) -> AsyncIterator[ClockedWorkflows]:
    url = database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(CLOCK)
        name = connection.info.dbname
        # What is named first is found first, even before what PostgreSQL has itself.
        connection.execute(f"ALTER DATABASE {name} SET search_path = clock, pg_catalog, public".encode())
    settings = DatabaseSettings(url=database_url)  # type: ignore[arg-type]
    engine = create_engine(settings, application_name="tests")
    blocking_engine = create_blocking_engine(settings, application_name="tests")
    async with scheduler_on(blocking_engine, engine, redis_url) as scheduler:
        yield ClockedWorkflows(engine, scheduler)
    await engine.dispose()
    blocking_engine.dispose()


@pytest.mark.parametrize(
    ("zone", "evening", "cron", "wanted"),
    [
        ("Europe/Berlin", "2026-10-24T20:00Z", "30 2 * * *", ["25 00:30"]),
        (
            "Europe/Berlin",
            "2026-10-24T20:00Z",
            "*/30 2 * * *",
            ["25 00:00", "25 00:30", "25 01:00", "25 01:30"],
        ),
        ("Europe/Berlin", "2026-03-28T20:00Z", "30 2 * * *", ["29 01:00"]),
        ("Europe/Berlin", "2026-03-28T20:00Z", "*/30 2 * * *", []),
        ("Australia/Lord_Howe", "2026-10-03T11:30Z", "0 */3 * * *", ["03 13:30", "03 16:00", "03 19:00"]),
    ],
)
async def test_a_night_in_which_the_clock_is_changed(
    workflows: ClockedWorkflows, zone: str, evening: str, cron: str, wanted: list[str]
) -> None:
    start = datetime.fromisoformat(evening).astimezone(UTC)
    await workflows.set_clock(start)
    workflow_id = await workflows.add(Schedule(cron=cron, timezone=zone, overlap=Overlap.ALLOW))
    await workflows.pass_time(start, 8, step=timedelta(minutes=10))
    assert await workflows.ran_at(workflow_id) == wanted


async def test_downtime_that_ends_after_the_clock_was_changed(workflows: ClockedWorkflows) -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    await workflows.set_clock(start)
    stated = {"cron": "*/30 * * * *", "timezone": "Europe/Berlin", "catchup": "all", "overlap": "allow"}
    workflow_id = await workflows.add(Schedule.model_validate(stated))
    await workflows.scheduler.look()
    await workflows.set_clock(start + timedelta(hours=4))
    await workflows.scheduler.look()
    times = [run.logical_date for run in await workflows.runs(workflow_id)]
    assert times == [start + timedelta(minutes=30 * number) for number in range(9)]


async def test_a_leader_that_is_late_begins_what_is_on_time(
    workflows: ClockedWorkflows, redis_url: str
) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    await workflows.set_clock(noon - timedelta(minutes=1))
    workflow_id = await workflows.add(Schedule(cron="0 * * * *", catchup="none"))
    await workflows.scheduler.look()
    await workflows.set_clock(noon + timedelta(seconds=30))
    await workflows.scheduler.look()
    assert await workflows.ran_at(workflow_id) == ["02 12:00"]
    async with Redis.from_url(redis_url) as redis:
        # Whoever listens is told of the run.
        assert await redis.exists(redis_keys.EVENTS)
