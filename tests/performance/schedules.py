"""How late runs of schedules begin, where a hundred schedules tick at the same moments."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.database.engine import create_blocking_engine, create_engine
from operation_server.workflows.transitions import NewRun, VersionMemory, begin_run
from satellite.contracts.workflow import Overlap, Schedule
from satellite.contracts.workflow_run import RunTrigger
from satellite.local.postgres import EmbeddedPostgres
from satellite.settings.database import DatabaseSettings
from tests.fixtures.redis import running_redis
from tests.integration.workflows.schedule_seed import ScheduledWorkflows, scheduler_on
from tests.performance.database import new_database, postgres
from tests.performance.figure import Figure

SCHEDULES: Final = 100
EVERY_S: Final = 3
TICKS_PER_ROUND: Final = 4
NAME: Final = "schedules"

# `created_at` is when the transaction of a run began; the next one begins when it has ended.
LAGS: Final = text("""
    SELECT extract(epoch FROM r.created_at - t.scheduled_for)::float8 * 1000 AS lag_ms
    FROM workflow_ticks AS t JOIN workflow_runs AS r ON r.id = t.run_id ORDER BY lag_ms
""")
ALIGN: Final = text("""
    UPDATE workflow_schedules SET anchor = date_trunc('minute', now()),
        next_at = date_trunc('minute', now())
            + ceil(extract(second FROM now()) / :every + 1) * :every * interval '1 second'
""")


def measure(*, rounds: int) -> list[Figure]:
    """Measure the lag of ticks on a database of their own."""
    with postgres() as server, running_redis() as redis:
        return asyncio.run(_measure(server, redis.url, ticks=TICKS_PER_ROUND * rounds))


async def _measure(server: EmbeddedPostgres, redis_url: str, *, ticks: int) -> list[Figure]:
    settings = DatabaseSettings.model_validate({"url": new_database(server, NAME)})
    engine = create_engine(settings, application_name="bench")
    blocking_engine = create_blocking_engine(settings, application_name="bench")
    try:
        lags = await _lags_ms(engine, blocking_engine, redis_url, ticks=ticks)
        floor_ms = await asyncio.to_thread(_bare_ms, blocking_engine)
    finally:
        await engine.dispose()
        blocking_engine.dispose()
    floor = {"floor": floor_ms, "floor_name": f"{SCHEDULES} runs begun one after the other"}
    name = f"lag of runs, {SCHEDULES} schedules at one tick"
    return [
        Figure(name=f"{name}, p50", value=statistics.median(lags), unit="ms"),
        Figure(
            name=f"{name}, p99", value=lags[len(lags) * 99 // 100], unit="ms", target="<= 1000 ms", **floor
        ),
    ]


async def _lags_ms(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str, *, ticks: int
) -> Sequence[float]:
    async with scheduler_on(blocking_engine, engine, redis_url) as scheduler:
        workflows = ScheduledWorkflows(engine, scheduler)
        for _ in range(SCHEDULES):
            await workflows.add(Schedule(every_s=EVERY_S, overlap=Overlap.ALLOW))
        await scheduler.look()
        async with engine.begin() as connection:
            await connection.execute(ALIGN, {"every": EVERY_S})
        following = asyncio.create_task(scheduler.run())
        await asyncio.sleep((ticks + 1.5) * EVERY_S)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    async with engine.connect() as connection:
        lags = list(await connection.scalars(LAGS))
    assert len(lags) >= ticks * SCHEDULES, f"only {len(lags)} runs"
    return lags


def _bare_ms(engine: Engine) -> float:
    """Begin as many runs with nothing around them."""
    versions = VersionMemory()
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT id, workflow_id FROM workflow_versions")).all()
        known = [versions.get(connection, row.id) for row in rows]
    began = time.perf_counter()
    for version in known:
        with engine.begin() as connection:
            trigger = RunTrigger.MANUAL
            begin_run(connection, NewRun(version=version, owner_id=1, trigger=trigger, params={}, priority=0))
    return (time.perf_counter() - began) * 1000
