"""Limits of plugins and users are exact, and what they hold back is in nobody's way."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import DispatchedJob, apply_started, lose_attempts
from satellite.contracts.job import StartedReport
from satellite.contracts.task_names import shared_queue
from satellite.contracts.worker import GPUCard
from satellite.testing import attempt_key_of
from tests.integration.dispatch.queue import add_account, complete, pause, register, submit
from tests.integration.transitions.seed import BIG_WORKER, capacity_of, dispatch, job_row

SECONDS_TO_WATCH = 2
DISPATCHERS = 4

ACTIVE = text("""
    SELECT plugin_name, owner_id, count(*) AS jobs FROM jobs
    WHERE status = 'processing' OR (status = 'queued' AND dispatched_at IS NOT NULL)
    GROUP BY plugin_name, owner_id
""")


async def limit_by_operator(engine: AsyncEngine, name: str, max_running: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO plugin_controls (plugin_name, max_running) VALUES (:name, :max)"),
            {"name": name, "max": max_running},
        )


class TestPluginLimit:
    async def test_versions_share_it_and_a_freed_place_lets_one_more_go(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        old = await register(engine, owner_id, max_running=3)
        new = await register(engine, owner_id, version="2", max_running=3)
        await submit(engine, owner_id, old, count=4)
        await submit(engine, owner_id, new, count=4)

        first = await dispatch(engine)
        assert len(first) == 3
        assert await dispatch(engine) == []
        await complete(engine, first[0].job_id)
        assert len(await dispatch(engine)) == 1

    async def test_started_jobs_count_too(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        plugin_id = await register(engine, owner_id, max_running=1)
        await submit(engine, owner_id, plugin_id, count=2)
        [job] = await dispatch(engine)
        async with engine.begin() as connection:
            now = (await connection.execute(text("SELECT now()"))).scalar_one()
            await connection.run_sync(
                apply_started,
                [StartedReport(job_id=job.job_id, attempt=job.attempt, worker="w1", started_at=now)],
            )
        assert await dispatch(engine) == []
        async with engine.begin() as connection:
            await connection.run_sync(lose_attempts, [attempt_key_of(job.job_id, job.attempt)])
        assert [(again.job_id, again.attempt) for again in await dispatch(engine)] == [(job.job_id, 2)]

    async def test_the_smaller_of_manifest_and_operator_holds(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        plugin_id = await register(engine, owner_id, max_running=5)
        await limit_by_operator(engine, "echo", 2)
        await submit(engine, owner_id, plugin_id, count=9)

        assert len(await dispatch(engine)) == 2

    async def test_jobs_behind_a_limit_let_others_pass(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        limited = await register(engine, owner_id, "limited", max_running=1)
        free = await register(engine, owner_id, "free")
        await submit(engine, owner_id, limited, "limited", count=50, priorities=[9])
        passing = await submit(engine, owner_id, free, "free", count=3, priorities=[0])

        names = [(job.plugin.name, job.job_id) for job in await dispatch(engine, limit=4)]
        assert names == [(names[0][0], names[0][1]), *(("free", job_id) for job_id in passing)]
        assert names[0][0] == "limited"


class TestUserLimit:
    async def test_is_counted_over_all_plugins_and_holds_nobody_else(self, engine: AsyncEngine) -> None:
        ada = await add_account(engine, "ada", max_running=2)
        bob = await add_account(engine, "bob")
        echo, total = await register(engine, ada), await register(engine, ada, "sum")
        await submit(engine, ada, echo, count=5, priorities=[9])
        await submit(engine, ada, total, "sum", count=5, priorities=[9])
        await submit(engine, bob, total, "sum", count=5)

        jobs = await dispatch(engine)
        assert Counter(job.owner_id for job in jobs) == {ada: 2, bob: 5}


class TestPause:
    async def test_paused_plugin_is_skipped_until_it_is_resumed(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        held, other = await register(engine, owner_id, "held"), await register(engine, owner_id, "other")
        await submit(engine, owner_id, held, "held", count=3, priorities=[9])
        await submit(engine, owner_id, other, "other", count=2)

        await pause(engine, "held")
        assert [job.plugin.name for job in await dispatch(engine)] == ["other", "other"]
        await pause(engine, "held", paused=False)
        assert [job.plugin.name for job in await dispatch(engine)] == ["held"] * 3


class TestDepth:
    async def test_broker_stays_shallow_for_each_kind_of_worker(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        plain = await register(engine, owner_id, "plain")
        visual = await register(engine, owner_id, "visual", resources={"gpus": 1})
        await submit(engine, owner_id, plain, "plain", count=9)
        await submit(engine, owner_id, visual, "visual", count=9)
        plain_worker = BIG_WORKER.model_copy(update={"slots": 1})
        with_card = BIG_WORKER.model_copy(
            update={
                "slots": 2,
                "cards": [GPUCard(uuid="GPU-1")],
                "queues": [*BIG_WORKER.queues, shared_queue("default", with_gpu=True)],
            }
        )
        capacity = capacity_of(plain_worker, with_card)

        jobs = await dispatch(engine, capacity=capacity)
        assert Counter(job.plugin.name for job in jobs) == {"plain": 3, "visual": 2}
        assert await dispatch(engine, capacity=capacity) == []

    async def test_job_that_no_worker_can_ever_run_waits_and_holds_nobody(self, engine: AsyncEngine) -> None:
        owner_id = await add_account(engine)
        huge = await register(engine, owner_id, "huge", resources={"cpus": 128})
        small = await register(engine, owner_id, "small")
        [waiting] = await submit(engine, owner_id, huge, "huge", priorities=[9])
        await submit(engine, owner_id, small, "small")

        assert [job.plugin.name for job in await dispatch(engine)] == ["small"]
        assert (await job_row(engine, waiting)).status == "queued"


class TestSeveralDispatchers:
    """Only one leads, but a leader that hangs may wake up beside its successor."""

    @pytest.fixture
    async def busy(self, engine: AsyncEngine) -> dict[str, int]:
        """Two limited plugins, one limited user and one without limits, each with plenty of jobs."""
        ada = await add_account(engine, "ada", max_running=5)
        bob = await add_account(engine, "bob")
        for name, max_running in (("three", 3), ("many", 12)):
            plugin_id = await register(engine, ada, name, max_running=max_running)
            for owner_id in (ada, bob):
                await submit(engine, owner_id, plugin_id, name, count=60)
        return {"ada": ada, "bob": bob}

    async def test_limits_hold_at_every_moment_and_no_job_goes_twice(
        self, engine: AsyncEngine, busy: dict[str, int]
    ) -> None:
        attempts: Counter[tuple[int, int]] = Counter()
        peaks: Counter[str] = Counter()
        done = asyncio.Event()

        async def keep_dispatching() -> None:
            while not done.is_set():
                jobs = await dispatch(engine, limit=7)
                attempts.update((job.job_id, job.attempt) for job in jobs)
                await asyncio.gather(*(run(job) for job in jobs))

        async def run(job: DispatchedJob) -> None:
            await asyncio.sleep(0.01)
            await complete(engine, job.job_id, job.attempt)

        async def watch() -> None:
            for _ in range(SECONDS_TO_WATCH * 50):
                async with engine.connect() as connection:
                    rows = (await connection.execute(ACTIVE)).all()
                by_plugin: Counter[str] = Counter()
                for row in rows:
                    by_plugin[row.plugin_name] += row.jobs
                by_plugin["ada"] = sum(row.jobs for row in rows if row.owner_id == busy["ada"])
                for name, count in by_plugin.items():
                    peaks[name] = max(peaks[name], count)
                await asyncio.sleep(0.02)
            done.set()

        await asyncio.gather(watch(), *(keep_dispatching() for _ in range(DISPATCHERS)))

        assert max(attempts.values()) == 1
        assert len(attempts) > 50
        assert peaks["three"] <= 3
        assert peaks["many"] <= 12
        assert peaks["ada"] <= 5

    async def test_simultaneous_rounds_together_take_no_more_than_one(
        self, engine: AsyncEngine, busy: dict[str, int]
    ) -> None:
        rounds = await asyncio.gather(*(dispatch(engine) for _ in range(DISPATCHERS)))
        # A round that found another under way took nothing; the next one sees what that took.
        rounds.append(await dispatch(engine))

        jobs = [job for one in rounds for job in one]
        assert Counter(job.plugin.name for job in jobs) == {"three": 3, "many": 12}
        assert sum(job.owner_id == busy["ada"] for job in jobs) <= 5
