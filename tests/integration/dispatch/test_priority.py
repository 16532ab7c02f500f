"""The most urgent job goes first, and age makes every job urgent in the end."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.models.job import PRIORITY_AGE_S
from tests.integration.dispatch.queue import add_account, let_wait, register, submit
from tests.integration.transitions.seed import dispatch


async def order_of(engine: AsyncEngine, *, limit: int = 100) -> list[int]:
    return [job.job_id for job in await dispatch(engine, limit=limit)]


class TestPriority:
    async def test_higher_goes_first_and_equal_ones_in_the_order_of_their_submission(
        self, engine: AsyncEngine
    ) -> None:
        owner_id = await add_account(engine)
        plugin_id = await register(engine, owner_id)
        priorities = [3, 9, 0, 7, 1, 9, 5, 2, 8, 4, 6, 0]
        ids = await submit(engine, owner_id, plugin_id, priorities=priorities)

        placed = sorted(zip(priorities, ids, strict=True), key=lambda one: (-one[0], one[1]))
        assert await order_of(engine) == [job_id for _, job_id in placed]

    async def test_order_holds_across_users_and_plugins_and_small_batches(self, engine: AsyncEngine) -> None:
        owners = [await add_account(engine, name) for name in ("ada", "bob", "eve")]
        plugins = [(name, await register(engine, owners[0], name)) for name in ("echo", "sum", "draw")]
        placed = []
        for round_number in range(6):
            for owner_id in owners:
                for name, plugin_id in plugins:
                    priority = (7 * owner_id + 3 * plugin_id + round_number) % 10
                    [job_id] = await submit(engine, owner_id, plugin_id, name, priorities=[priority])
                    placed.append((-priority, job_id))

        dispatched: list[int] = []
        while batch := await order_of(engine, limit=5):
            dispatched += batch
        # All were submitted within a moment, so a step of priority outweighs any age.
        assert dispatched == [job_id for _, job_id in sorted(placed)]

    @pytest.mark.parametrize(("lead_s", "first"), [(-5, "urgent"), (5, "old")])
    async def test_nine_steps_of_priority_are_worth_nine_minutes(
        self, engine: AsyncEngine, lead_s: float, first: str
    ) -> None:
        owner_id = await add_account(engine)
        plugin_id = await register(engine, owner_id)
        [old] = await submit(engine, owner_id, plugin_id, priorities=[0])
        await let_wait(engine, 9 * PRIORITY_AGE_S + lead_s)
        [urgent] = await submit(engine, owner_id, plugin_id, priorities=[9])

        assert (await order_of(engine))[0] == {"urgent": urgent, "old": old}[first]

    async def test_nothing_starves_under_a_flood_of_urgent_jobs(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        plugin_id = await register(engine, owner_id)
        [patient] = await submit(engine, owner_id, plugin_id, priorities=[0])
        overtaken_by: list[int] = []

        # Every half minute two urgent jobs come and only one goes.
        for _ in range(100):
            await submit(engine, owner_id, plugin_id, priorities=[9], count=2)
            [job_id] = await order_of(engine, limit=1)
            if job_id == patient:
                break
            overtaken_by.append(job_id)
            await let_wait(engine, 30)

        # Only those that came in its first nine minutes went before it.
        assert len(overtaken_by) == 2 * 9 * PRIORITY_AGE_S / 30
