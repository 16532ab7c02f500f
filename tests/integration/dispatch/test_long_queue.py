"""A long queue is dispatched as fast as a short one, also right after it came and before any ANALYZE."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import VersionCatalog, select_and_mark
from tests.integration.dispatch.queue import add_account, pause, register, submit, submit_many
from tests.integration.transitions.seed import PLENTY, dispatch

HELD = 100_000
ROUNDS = 15
BATCH = 10

SLOWER_AT_MOST = 3
"""Generous, because other work on the machine disturbs rounds; a scan of the queue is 100 times slower."""


async def round_ms(engine: AsyncEngine) -> float:
    """Return the duration of the quickest of some rounds of dispatch, each undone again."""
    catalog, durations = VersionCatalog(), []
    for _ in range(ROUNDS):
        async with engine.connect() as connection:
            began = time.perf_counter()
            selection = await connection.run_sync(
                select_and_mark, capacity=PLENTY, catalog=catalog, limit=BATCH
            )
            durations.append((time.perf_counter() - began) * 1000)
            assert len(selection.jobs) == BATCH
            await connection.rollback()
    return min(durations)


@pytest.mark.parametrize("is_paused", [True, False])
async def test_hundred_thousand_jobs_at_the_head_slow_nothing(engine: AsyncEngine, is_paused: bool) -> None:
    owner_id = await add_account(engine)
    held, other = await register(engine, owner_id, "held"), await register(engine, owner_id, "other")
    expected = await submit(engine, owner_id, other, "other", count=100)
    short_ms = await round_ms(engine)

    await submit_many(engine, owner_id, held, count=HELD)
    await pause(engine, "held", paused=is_paused)
    long_ms = await round_ms(engine)

    assert long_ms < SLOWER_AT_MOST * short_ms
    jobs = await dispatch(engine, limit=BATCH)
    if is_paused:
        assert [job.job_id for job in jobs] == expected[:BATCH]
    else:
        assert {job.plugin.name for job in jobs} == {"held"}
