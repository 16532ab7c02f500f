"""Replaying dead letters with another version: their inputs must fit it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operation_server_api.conftest import MANIFEST, set_job

POSITIVE = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}


@pytest.fixture
async def dead(user: httpx.AsyncClient, engine: AsyncEngine, submit: Any) -> list[int]:
    """Dead letters of `adder` with the inputs 0, 1 and -1, of which version 2.0.0 takes the second only."""
    ids = []
    for number in (0, 1, -1):
        job = await submit(input_data={"n": number})
        await set_job(engine, job["id"], "status = 'failed', completed_at = now()")
        ids.append(job["id"])
    answer = await user.post("/plugins", json={**MANIFEST, "version": "2.0.0", "input_schema": POSITIVE})
    assert answer.status_code == 201, answer.text
    return ids


async def test_an_input_that_breaks_its_schema_is_refused(user: httpx.AsyncClient, dead: list[int]) -> None:
    refused = await user.post(f"/dead-letters/{dead[0]}/replay", json={"plugin_version": "2.0.0"})
    taken = await user.post(f"/dead-letters/{dead[1]}/replay", json={"plugin_version": "2.0.0"})
    own = await user.post(f"/dead-letters/{dead[0]}/replay")

    assert (refused.status_code, refused.json()["code"]) == (400, "input_invalid")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/input_data/n"]
    assert (taken.status_code, taken.json()["plugin_version"]) == (202, "2.0.0")
    assert (own.status_code, own.json()["plugin_version"]) == (202, "1.0.0")


async def test_of_many_those_are_left_and_told(user: httpx.AsyncClient, dead: list[int]) -> None:
    answer = await user.post("/dead-letters/replay", json={"plugin_version": "2.0.0"})

    assert answer.status_code == 202
    done = answer.json()
    assert (done["replayed"], done["unfit"]) == (1, 2)
    assert [job["job_id"] for job in done["unfit_jobs"]] == [dead[0], dead[2]]
    assert done["unfit_jobs"][0]["errors"][0]["pointer"] == "/input_data/n"
    assert {job["id"] for job in (await user.get("/dead-letters")).json()["items"]} == {dead[0], dead[2]}


async def test_one_that_would_widen_what_the_version_requires_is_left_too(
    user: httpx.AsyncClient, engine: AsyncEngine, submit: Any
) -> None:
    job = await submit(requires={"queue": "batch"})
    await set_job(engine, job["id"], "status = 'failed', completed_at = now()")
    await user.post("/plugins", json={**MANIFEST, "version": "2.0.0", "requires": {"queue": "day"}})

    refused = await user.post(f"/dead-letters/{job['id']}/replay", json={"plugin_version": "2.0.0"})

    assert (refused.status_code, refused.json()["code"]) == (400, "input_invalid")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/requires/queue"]
    assert (await user.post(f"/dead-letters/{job['id']}/replay")).json()["requires"] == {"queue": "batch"}


async def test_a_plugin_without_that_version_stops_it_before_anything_runs(
    user: httpx.AsyncClient, engine: AsyncEngine, dead: list[int]
) -> None:
    await user.post("/plugins", json={**MANIFEST, "name": "zero"})
    job = (await user.post("/jobs", json={"plugin_name": "zero", "input_data": {"n": 1}})).json()
    await set_job(engine, job["id"], "status = 'failed', completed_at = now()")

    answer = await user.post("/dead-letters/replay", json={"plugin_version": "2.0.0"})

    assert answer.status_code == 404
    assert (await user.get("/dead-letters")).json()["total"] == 4


async def test_without_a_version_nothing_is_checked(user: httpx.AsyncClient, dead: list[int]) -> None:
    answer = await user.post("/dead-letters/replay", json={"plugin_name": "adder"})

    assert answer.json() == {"replayed": 3, "unfit": 0, "unfit_jobs": [], "stopped_by": None}
