"""A long queue is dispatched as fast as a short one, also right after it came and before any ANALYZE."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from operation_server.jobs.transitions import VersionCatalog, select_and_mark
from tests.integration.dispatch.queue import add_account, pause, register, submit, submit_many
from tests.integration.transitions.seed import PLENTY, dispatch

HELD = 100_000
ROUNDS = 5
BATCH = 10

MORE_AT_MOST = 2
"""A deeper index is worth 1.4 times as many (2026-12-01); a scan of the queue reads thousands of them."""

PAGES = text("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")


async def pages_read(engine: AsyncEngine) -> int:
    """Return how many pages the cheapest of some rounds of dispatch looks at, each undone again.

    Seconds would tell of what else the machine does; the cheapest, because autovacuum reads too.
    """
    catalog, counts = VersionCatalog(), []
    for _ in range(ROUNDS):
        async with engine.connect() as connection:
            before = await _count(connection)
            selection = await connection.run_sync(
                select_and_mark, capacity=PLENTY, catalog=catalog, limit=BATCH
            )
            assert len(selection.jobs) == BATCH
            await connection.rollback()
            counts.append(await _count(connection) - before)
    return min(counts)


async def _count(connection: AsyncConnection) -> int:
    # A session tells what it read when a transaction ends, at most once a second unless it is made to.
    await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    await connection.rollback()
    pages = await connection.scalar(PAGES)
    await connection.rollback()
    return int(pages or 0)


@pytest.mark.parametrize("is_paused", [True, False])
async def test_hundred_thousand_jobs_at_the_head_slow_nothing(engine: AsyncEngine, is_paused: bool) -> None:
    owner_id = await add_account(engine)
    held, other = await register(engine, owner_id, "held"), await register(engine, owner_id, "other")
    expected = await submit(engine, owner_id, other, "other", count=100)
    short = await pages_read(engine)

    await submit_many(engine, owner_id, held, count=HELD)
    await pause(engine, "held", paused=is_paused)
    long = await pages_read(engine)

    assert long < MORE_AT_MOST * short
    jobs = await dispatch(engine, limit=BATCH)
    if is_paused:
        assert [job.job_id for job in jobs] == expected[:BATCH]
    else:
        assert {job.plugin.name for job in jobs} == {"held"}
