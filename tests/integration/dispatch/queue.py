"""Queues to dispatch from: many jobs at once, and what time does to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import apply_outcomes
from tests.integration.transitions.seed import add_plugin, add_user, new_job, outcome, submit_named

MANY = text("""
    INSERT INTO jobs (owner_id, plugin_id, plugin_name, plugin_version, input_data, timeout_s, max_retries,
                      priority)
    SELECT :owner_id, p.id, p.name, p.version, '{"n": 1}', 60, 3, 9
    FROM plugins AS p, generate_series(1, CAST(:count AS bigint)) WHERE p.id = :plugin_id
""")

PAUSE = text(
    "INSERT INTO plugin_controls (plugin_name, is_paused) VALUES (:name, :paused)"
    " ON CONFLICT (plugin_name) DO UPDATE SET is_paused = excluded.is_paused"
)


async def add_account(engine: AsyncEngine, name: str = "ada", *, max_running: int | None = None) -> int:
    async with engine.begin() as connection:
        return await connection.run_sync(add_user, name, max_running=max_running)


async def register(
    engine: AsyncEngine, owner_id: int, name: str = "echo", version: str = "1", **manifest: Any
) -> int:
    async with engine.begin() as connection:
        return await connection.run_sync(add_plugin, owner_id, name, version, **manifest)


async def submit(
    engine: AsyncEngine,
    owner_id: int,
    plugin_id: int,
    name: str = "echo",
    *,
    count: int = 1,
    priorities: Sequence[int] = (0,),
) -> list[int]:
    """Submit `count` jobs of each priority, in the order of `priorities`."""
    jobs = [
        new_job(owner_id, plugin_id, name, priority=priority) for priority in priorities for _ in range(count)
    ]
    async with engine.begin() as connection:
        return await connection.run_sync(submit_named, jobs)


async def submit_many(engine: AsyncEngine, owner_id: int, plugin_id: int, *, count: int) -> None:
    """Store urgent jobs by the hundred thousand; statistics stay as they were."""
    async with engine.begin() as connection:
        await connection.execute(MANY, {"owner_id": owner_id, "plugin_id": plugin_id, "count": count})


async def pause(engine: AsyncEngine, name: str, *, paused: bool = True) -> None:
    async with engine.begin() as connection:
        await connection.execute(PAUSE, {"name": name, "paused": paused})


async def let_wait(engine: AsyncEngine, seconds: float, job_ids: Sequence[int] | None = None) -> None:
    """Make waiting jobs, all by default, older than they are."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE jobs SET run_at = run_at - :seconds * interval '1 second'"
                " WHERE dispatched_at IS NULL AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids))"
            ),
            {"seconds": seconds, "ids": job_ids},
        )


async def complete(engine: AsyncEngine, job_id: int, attempt: int = 1) -> None:
    async with engine.begin() as connection:
        assert (await connection.run_sync(apply_outcomes, [outcome(job_id, attempt)])).applied
