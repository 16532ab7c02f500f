"""Rows that the engine's tests start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import (
    DispatchCapacity,
    DispatchedJob,
    NewJob,
    VersionCatalog,
    select_and_mark,
    submit_jobs,
)
from satellite.contracts.json_text import write_json
from satellite.contracts.worker import WorkerHeartbeat, WorkerResources
from satellite.testing import heartbeat_of, manifest_of
from satellite.testing import outcome_of as outcome

__all__ = ["outcome"]

BIG_WORKER = heartbeat_of(slots=10_000, total=WorkerResources(cpus=64, memory_mib=64_000))


def capacity_of(*workers: WorkerHeartbeat) -> DispatchCapacity:
    """Return the capacity of workers that may have as many jobs sent ahead as they have slots."""
    return DispatchCapacity.of(workers, slots_factor=1, spare_slots=0)


PLENTY = capacity_of(BIG_WORKER)
# So that messages of which a test names the number alone are about these jobs.
NAME_BY_NUMBER = text(
    "UPDATE jobs SET uid = CAST(md5('satellite job ' || id) AS uuid) WHERE id = ANY(CAST(:ids AS bigint[]))"
)


def add_user(connection: Connection, name: str = "ada", *, max_running: int | None = None) -> int:
    row = connection.execute(
        text("INSERT INTO users (username, password_hash, max_running) VALUES (:n, '', :m) RETURNING id"),
        {"n": name, "m": max_running},
    )
    return int(row.scalar_one())


def add_plugin(
    connection: Connection, owner_id: int, name: str = "echo", version: str = "1", **manifest: Any
) -> int:
    full = manifest_of(name=name, version=version, docker_image="python", **manifest)
    row = connection.execute(
        text(
            "INSERT INTO plugins (name, version, digest, manifest, created_by)"
            " VALUES (:n, :v, :d, CAST(:m AS jsonb), :o) RETURNING id"
        ),
        {"n": name, "v": version, "d": full.digest(), "m": full.model_dump_json(), "o": owner_id},
    )
    return int(row.scalar_one())


def new_job(owner_id: int, plugin_id: int, name: str = "echo", **changes: Any) -> NewJob:
    fields: dict[str, Any] = {
        "owner_id": owner_id,
        "plugin_id": plugin_id,
        "plugin_name": name,
        "plugin_version": "1",
        "input_json": '{"n": 1}',
        "timeout_s": 60,
        "max_retries": 3,
    }
    if "input_data" in changes:
        changes["input_json"] = write_json(changes.pop("input_data"))
    return NewJob(**(fields | changes))


def submit_named(connection: Connection, jobs: Sequence[NewJob]) -> list[int]:
    """Submit jobs, give them the uids that builders of messages take them to have, and return their ids."""
    ids = submit_jobs(connection, jobs).ids
    connection.execute(NAME_BY_NUMBER, {"ids": ids})
    return ids


async def submit_one(engine: AsyncEngine, **changes: Any) -> int:
    """Submit a job of a new user and plugin, each named once per database."""
    async with engine.begin() as connection:
        owner_id = (await connection.execute(text("SELECT min(id) FROM users"))).scalar()
        owner_id = owner_id or await connection.run_sync(add_user)
        plugin_id = (await connection.execute(text("SELECT min(id) FROM plugins"))).scalar()
        plugin_id = plugin_id or await connection.run_sync(add_plugin, owner_id)
        return (await connection.run_sync(submit_named, [new_job(owner_id, plugin_id, **changes)]))[0]


async def dispatch(
    engine: AsyncEngine, *, capacity: DispatchCapacity = PLENTY, limit: int = 100
) -> list[DispatchedJob]:
    async with engine.begin() as connection:
        selection = await connection.run_sync(
            select_and_mark, capacity=capacity, catalog=VersionCatalog(), limit=limit
        )
        return selection.jobs


async def job_row(engine: AsyncEngine, job_id: int) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id})).one()
