"""The scheduler on a real PostgreSQL: each tick once, through downtime, pauses, overlap and two leaders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.metrics.pending import hand_on
from satellite.contracts.workflow import Catchup, Overlap, Schedule
from tests.integration.workflows.schedule_seed import ScheduledWorkflows, scheduler_on


@pytest.fixture
async def workflows(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str
) -> AsyncIterator[ScheduledWorkflows]:
    async with scheduler_on(blocking_engine, engine, redis_url) as scheduler:
        yield ScheduledWorkflows(engine, scheduler)


async def every_hour(workflows: ScheduledWorkflows, **schedule: object) -> Schedule:
    """Every hour, the last time about half an hour ago: on the hour a workflow would be due once added."""
    minute = ((await workflows.now()).minute + 30) % 60
    return Schedule.model_validate({"cron": f"{minute} * * * *", **schedule})


async def every_ten(workflows: ScheduledWorkflows, **schedule: object) -> Schedule:
    """Every ten minutes, the last time five minutes ago."""
    minute = ((await workflows.now()).minute + 5) % 10
    return Schedule.model_validate({"cron": f"{minute}-59/10 * * * *", **schedule})


async def test_a_tick_begins_a_run(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []

    (tick,) = await workflows.come(workflow_id, hourly)
    await workflows.scheduler.look()
    (run,) = await workflows.runs(workflow_id)
    assert (run.trigger, run.logical_date, run.params) == ("schedule", tick, {"size": 3})
    assert (run.data_interval_start, run.data_interval_end) == (tick - timedelta(hours=1), tick)
    (row,) = await workflows.rows("SELECT * FROM workflow_ticks")
    assert (row.fate, row.run_id, row.scheduled_for) == ("ran", run.id, tick)
    assert await workflows.rows("SELECT 1 FROM run_wakeups WHERE run_id = :id", id=run.id)
    (followed,) = await workflows.rows("SELECT next_at FROM workflow_schedules")
    assert followed.next_at == tick + timedelta(hours=1)


async def test_how_late_a_run_begins_is_measured(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    hand_on()
    count, total = lags()

    (tick,) = await workflows.come(workflow_id, hourly)
    late_s = (await workflows.now() - tick).total_seconds()
    await workflows.scheduler.look()

    hand_on()
    after, after_total = lags()
    assert after == count + 1
    assert after_total - total >= late_s


def lags() -> tuple[float, float]:
    """How many runs have begun at a tick, and how long after it altogether."""
    name = "satellite_tick_lag_seconds"
    count, total = (REGISTRY.get_sample_value(f"{name}_{each}") or 0 for each in ("count", "sum"))
    return count, total


async def test_it_looks_again_when_the_next_tick_comes(workflows: ScheduledWorkflows) -> None:
    assert await workflows.scheduler.look() == 1.0
    schedule = Schedule(every_s=1)
    workflow_id = await workflows.add(schedule)
    assert 0 < await workflows.scheduler.look() < 1.0
    await workflows.come(workflow_id, schedule)
    await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 1


@pytest.mark.parametrize(
    ("catchup", "wanted"), [(Catchup.NONE, 0), (Catchup.LATEST, 1), (Catchup.ALL, 18)], ids=str
)
async def test_three_hours_of_downtime(workflows: ScheduledWorkflows, catchup: Catchup, wanted: int) -> None:
    schedule = await every_ten(workflows, catchup=catchup)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()
    ticks = await workflows.come(workflow_id, schedule, ticks=18)

    await workflows.scheduler.look()
    while "queued" in await workflows.fates(workflow_id):
        await workflows.end_runs(workflow_id)
        await workflows.scheduler.look()

    assert await workflows.fates(workflow_id) == ["missed"] * (18 - wanted) + ["ran"] * wanted
    begun = [run.logical_date for run in await workflows.runs(workflow_id)]
    assert begun == ticks[18 - wanted :]


async def test_a_pause_has_no_catchup(workflows: ScheduledWorkflows) -> None:
    schedule = await every_ten(workflows, catchup=Catchup.ALL)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()

    await workflows.execute("UPDATE workflows SET is_active = false, updated_at = now()")
    await workflows.scheduler.look()
    await workflows.come(workflow_id, schedule, ticks=3)
    await workflows.scheduler.look()
    assert await workflows.fates(workflow_id) == ["paused"] * 3

    # It goes on while nobody follows schedules, after three ticks that nobody has looked at.
    await workflows.come(workflow_id, schedule, ticks=3)
    await workflows.execute("UPDATE workflows SET is_active = true, updated_at = now()")
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []
    await workflows.come(workflow_id, schedule, ticks=1)
    await workflows.execute("DELETE FROM workflow_ticks")
    await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 1


async def test_an_edit_and_a_deployment_have_no_catchup(workflows: ScheduledWorkflows) -> None:
    schedule = await every_ten(workflows, catchup=Catchup.ALL)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()
    await workflows.come(workflow_id, schedule, ticks=3)
    edited = schedule.model_copy(update={"overlap": Overlap.ALLOW})
    await workflows.execute(
        "UPDATE workflows SET schedule = CAST(:schedule AS json), updated_at = now()",
        schedule=edited.model_dump_json(),
    )
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []

    await workflows.come(workflow_id, schedule, ticks=3)
    await workflows.execute("UPDATE workflow_versions SET version = 2, deployed_at = now()")
    await workflows.execute("UPDATE workflows SET deployed_version = 2")
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []


async def test_downtime_right_after_an_edit_is_downtime(workflows: ScheduledWorkflows) -> None:
    schedule = await every_ten(workflows, catchup=Catchup.ALL, overlap=Overlap.ALLOW)
    workflow_id = await workflows.add(schedule, age="46 minutes")
    await workflows.scheduler.look()
    assert await workflows.fates(workflow_id) == ["ran"] * 5


@pytest.mark.parametrize("statement", ["deleted_at = now()", "schedule = NULL", "deployed_version = NULL"])
async def test_what_is_gone_has_no_ticks(workflows: ScheduledWorkflows, statement: str) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    await workflows.come(workflow_id, hourly, ticks=3)
    await workflows.execute(f"UPDATE workflows SET {statement}")
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []
    assert await workflows.rows("SELECT 1 FROM workflow_schedules") == []


@pytest.mark.parametrize(
    ("overlap", "fates", "while_first", "after_first"),
    [
        (Overlap.QUEUE_ONE, ["ran", "queued", "skipped_overlap"], 1, 2),
        (Overlap.QUEUE_ALL, ["ran", "queued", "queued"], 1, 2),
        (Overlap.SKIP, ["ran", "skipped_overlap", "skipped_overlap"], 1, 1),
        (Overlap.ALLOW, ["ran", "ran", "ran"], 3, 3),
        (Overlap.REPLACE, ["ran", "replaced", "queued"], 1, 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_overlap(
    workflows: ScheduledWorkflows, overlap: Overlap, fates: list[str], while_first: int, after_first: int
) -> None:
    schedule = await every_ten(workflows, overlap=overlap)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()
    for _ in range(3):
        await workflows.let_a_day_pass()
        await workflows.come(workflow_id, schedule)
        await workflows.scheduler.look()
        await workflows.execute("UPDATE workflow_runs SET status = 'processing' WHERE status = 'queued'")
    assert await workflows.fates(workflow_id) == fates
    assert len(await workflows.runs(workflow_id)) == while_first

    await workflows.end_runs(workflow_id)
    await workflows.scheduler.look()
    runs = await workflows.runs(workflow_id)
    assert len(runs) == after_first
    assert (runs[0].cancel_requested_at is not None) == (overlap is Overlap.REPLACE)
    (newest,) = await workflows.rows(
        "SELECT max(scheduled_for) AS tick FROM workflow_ticks WHERE fate = 'ran'"
    )
    assert runs[-1].logical_date == newest.tick


async def test_runs_by_hand_are_no_overlap(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    for _ in range(2):
        await workflows.let_a_day_pass()
        await workflows.come(workflow_id, hourly)
        await workflows.scheduler.look()
        await workflows.execute("UPDATE workflow_runs SET trigger = 'manual'")
    assert await workflows.fates(workflow_id) == ["ran", "ran"]


async def test_a_pause_drops_what_is_queued(workflows: ScheduledWorkflows) -> None:
    schedule = await every_ten(workflows, overlap=Overlap.QUEUE_ALL)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()
    for _ in range(2):
        await workflows.let_a_day_pass()
        await workflows.come(workflow_id, schedule)
        await workflows.scheduler.look()
    await workflows.execute("UPDATE workflows SET is_active = false, updated_at = now()")
    await workflows.end_runs(workflow_id)
    await workflows.scheduler.look()
    assert await workflows.fates(workflow_id) == ["ran", "paused"]


async def test_two_leaders_begin_one_run(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str, workflows: ScheduledWorkflows
) -> None:
    schedule = await every_ten(workflows, catchup=Catchup.ALL, overlap=Overlap.ALLOW)
    ids = [await workflows.add(schedule) for _ in range(10)]
    await workflows.scheduler.look()
    for workflow_id in ids:
        await workflows.come(workflow_id, schedule, ticks=5)

    async with scheduler_on(blocking_engine, engine, redis_url) as other:
        await asyncio.gather(*(each.look() for each in (workflows.scheduler, other) * 3))

    for workflow_id in ids:
        dates = [run.logical_date for run in await workflows.runs(workflow_id)]
        assert len(dates) == len(set(dates)) == 5


async def test_a_tick_that_has_a_run_never_gets_another(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows, overlap=Overlap.ALLOW)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    for _ in range(2):
        await workflows.come(workflow_id, hourly)
        await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 1


async def test_a_bad_schedule_stops_no_other(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows)
    bad, unreadable, good = [await workflows.add(hourly) for _ in range(3)]
    await workflows.execute(
        """UPDATE workflows SET schedule = '{"cron": "0 0 30 2 *"}' WHERE id = :id""", id=bad
    )
    await workflows.scheduler.look()
    for workflow_id in (unreadable, good):
        await workflows.come(workflow_id, hourly)
    await workflows.execute(
        """UPDATE workflow_versions SET definition = '{"nonsense": 1}' WHERE workflow_id = :id""",
        id=unreadable,
    )

    assert await workflows.scheduler.look() > 0
    assert len(await workflows.runs(good)) == 1
    faults = await workflows.rows(
        "SELECT workflow_id, fault, retry_at > now() AS waits FROM workflow_schedules"
    )
    told = {row.workflow_id: row for row in faults if row.fault is not None}
    assert set(told) == {bad, unreadable}
    assert "bad day-of-month" in told[bad].fault
    assert told[unreadable].waits

    # What was wrong is mended: it goes on by itself, and is told of no more.
    await workflows.execute(
        "UPDATE workflow_versions SET definition = (SELECT definition FROM workflow_versions"
        " WHERE workflow_id = :good) WHERE workflow_id = :id",
        id=unreadable,
        good=good,
    )
    await workflows.execute("UPDATE workflow_schedules SET retry_at = now()")
    await workflows.scheduler.look()
    assert len(await workflows.runs(unreadable)) == 1
    (row,) = await workflows.rows(
        "SELECT fault FROM workflow_schedules WHERE workflow_id = :id", id=unreadable
    )
    assert row.fault is None


async def test_runs_of_a_closed_account_are_refused(workflows: ScheduledWorkflows) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.scheduler.look()
    await workflows.come(workflow_id, hourly)
    await workflows.execute("UPDATE users SET is_active = false")
    await workflows.scheduler.look()
    assert await workflows.fates(workflow_id) == ["refused"]


async def test_concurrency_keys_are_values_of_expressions(workflows: ScheduledWorkflows) -> None:
    schedule = await every_hour(workflows)
    workflow_id = await workflows.add(schedule, concurrency_key='"size-" + string(params.size)', priority=4)
    await workflows.scheduler.look()
    await workflows.come(workflow_id, schedule)
    await workflows.scheduler.look()
    (run,) = await workflows.runs(workflow_id)
    assert (run.concurrency_key, run.priority) == ("size-3", 4)


async def test_what_became_of_ticks_is_forgotten_unless_they_have_a_run(
    workflows: ScheduledWorkflows,
) -> None:
    hourly = await every_hour(workflows)
    workflow_id = await workflows.add(hourly)
    await workflows.execute(
        "INSERT INTO workflow_ticks (workflow_id, scheduled_for, fate, run_id, decided_at)"
        " SELECT :id, now() - n * interval '1 day', CASE WHEN n % 2 = 0 THEN 'ran' ELSE 'missed' END,"
        " CASE WHEN n % 2 = 0 THEN n END, now() - n * interval '1 day' FROM generate_series(80, 99) AS n",
        id=workflow_id,
    )
    running = asyncio.create_task(workflows.scheduler.run())
    try:
        async with asyncio.timeout(30):
            while len(await workflows.fates(workflow_id)) > 15:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
    fates = await workflows.fates(workflow_id)
    assert (fates.count("ran"), fates.count("missed")) == (10, 5)


async def test_a_schedule_in_other_words_is_no_edit(workflows: ScheduledWorkflows) -> None:
    schedule = Schedule(every_s=600, catchup=Catchup.ALL, overlap=Overlap.ALLOW)
    workflow_id = await workflows.add(schedule)
    await workflows.scheduler.look()
    ticks = await workflows.come(workflow_id, schedule, ticks=3)
    await workflows.execute(
        "UPDATE workflows SET updated_at = now(), schedule = CAST(:schedule AS json)",
        schedule=schedule.model_dump_json(exclude_defaults=True, indent=1),
    )
    await workflows.scheduler.look()
    assert [run.logical_date for run in await workflows.runs(workflow_id)] == ticks


async def test_intervals_go_on_through_pauses_and_deployments(workflows: ScheduledWorkflows) -> None:
    workflow_id = await workflows.add(Schedule(every_s=600), age="100 minutes")
    await workflows.scheduler.look()
    (before,) = await workflows.rows("SELECT anchor FROM workflow_schedules")
    for is_active in (False, True):
        await workflows.execute(
            "UPDATE workflows SET is_active = :value, updated_at = now()", value=is_active
        )
        await workflows.scheduler.look()
    (after,) = await workflows.rows(
        "SELECT anchor, next_at, next_at > now() AS waits FROM workflow_schedules"
    )
    assert (after.anchor, after.waits) == (before.anchor, True)
    assert (after.next_at - after.anchor) % timedelta(seconds=600) == timedelta()
    await workflows.execute("UPDATE workflows SET schedule = '{\"every_s\": 700}', updated_at = now()")
    await workflows.scheduler.look()
    (edited,) = await workflows.rows(
        "SELECT anchor FROM workflow_schedules WHERE workflow_id = :id", id=workflow_id
    )
    assert edited.anchor > before.anchor
