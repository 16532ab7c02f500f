"""What jobs and plugins require of workers, from every door to the answer, and why nobody runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from satellite.contracts import redis_keys
from satellite.contracts.requires import MOST_LABELS
from satellite.testing import heartbeat_of
from tests.integration.operation_server_api.conftest import MANIFEST

Submit = Callable[..., Awaitable[dict[str, Any]]]
REQUIRES = {"labels": {"zone": "a"}, "queue": "batch"}


def beat(redis_url: str, name: str, **change: Any) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.sadd(redis_keys.WORKERS, name)
        redis.set(redis_keys.worker(name), heartbeat_of(name=name, **change).model_dump_json(), ex=60)


async def explanation(user: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await user.get(f"/jobs/{job['id']}/explain")).json()
    return answer


async def test_a_job_shows_what_it_requires_ever_after(submit: Submit, user: httpx.AsyncClient) -> None:
    job = await submit(requires=REQUIRES)
    assert job["requires"] == REQUIRES
    assert (await user.get(f"/jobs/{job['id']}")).json()["requires"] == REQUIRES
    assert (await submit())["requires"] == {}


@pytest.mark.parametrize(
    ("requires", "place"),
    [
        ({"zone": "a"}, "zone"),
        ({"queue": "Nightly Batch"}, "queue"),
        ({"runtime": "vm"}, "runtime"),
        ({"labels": {"zone": "a\x00"}}, "zone"),
        ({"labels": {f"label-{number}": "x" for number in range(MOST_LABELS + 1)}}, "labels"),
        ({"labels": {"zone": "x" * 64}}, "zone"),
    ],
)
async def test_what_is_not_understood_is_named_at_every_door(
    user: httpx.AsyncClient, adder: Any, requires: dict[str, Any], place: str
) -> None:
    job = {"plugin_name": "adder", "input_data": {"n": 1}, "requires": requires}
    doors = {"/jobs": job, "/jobs/batch": {"jobs": [job]}, "/plugins": {**MANIFEST, "requires": requires}}
    for door, body in doors.items():
        answer = await user.post(door, json=body)
        assert answer.status_code in {400, 422}, (door, answer.text)
        assert place in answer.text


async def test_a_job_that_widens_its_plugin_is_refused_with_the_place(user: httpx.AsyncClient) -> None:
    manifest = {**MANIFEST, "requires": {"labels": {"zone": "a"}}}
    assert (await user.post("/plugins", json=manifest)).status_code == 201
    wider = {"labels": {"zone": "b"}, "runtime": "process", "gpu_kind": "A100"}
    job = {"plugin_name": "adder", "input_data": {"n": 1}, "requires": wider}

    one = await user.post("/jobs", json=job)
    many = await user.post("/jobs/batch", json={"jobs": [job]})

    assert (one.status_code, many.status_code) == (400, 400)
    places = ["/requires/runtime", "/requires/labels/zone", "/requires/gpu_kind"]
    assert [each["pointer"] for each in one.json()["errors"]] == places
    assert [each["pointer"] for each in many.json()["errors"]] == [f"/jobs/0{place}" for place in places]


async def test_only_an_admin_registers_a_plugin_without_walls(
    user: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    manifest = {**MANIFEST, "requires": {"runtime": "process"}}
    assert (await user.post("/plugins", json=manifest)).status_code == 403
    assert (await admin.post("/plugins", json=manifest)).status_code == 201


async def test_the_same_key_with_another_requirement_is_another_request(
    user: httpx.AsyncClient, adder: Any
) -> None:
    job = {"plugin_name": "adder", "input_data": {"n": 1}, "requires": {"queue": "batch"}}
    headers = {"Idempotency-Key": "once"}
    assert (await user.post("/jobs", json=job, headers=headers)).status_code == 202
    other = await user.post("/jobs", json={**job, "requires": {"queue": "day"}}, headers=headers)
    assert other.status_code == 409


async def test_each_worker_is_told_with_what_it_lacks(
    submit: Submit, user: httpx.AsyncClient, redis_url: str
) -> None:
    beat(redis_url, "w1", serves=["batch"], labels={"zone": "b"})
    beat(redis_url, "w2", labels={"zone": "a"})
    job = await submit(requires=REQUIRES)

    told = await explanation(user, job)
    assert told["reason"] == "no_fitting_worker"
    assert "w1 does not have the label zone=a" in told["detail"]
    assert "w2 does not serve the queue batch" in told["detail"]
    beat(redis_url, "w3", serves=["batch"], labels={"zone": "a"})
    assert (await explanation(user, job))["reason"] == "in_queue"


async def test_of_many_workers_some_are_told(submit: Submit, user: httpx.AsyncClient, redis_url: str) -> None:
    for number in range(8):
        beat(redis_url, f"w{number}")
    detail = (await explanation(user, await submit(requires={"queue": "batch"})))["detail"]
    assert detail.count("does not serve the queue batch") == 5
    assert "and 3 more workers" in detail


async def test_too_many_requirements_of_one_user_are_told(
    submit: Submit, user: httpx.AsyncClient, redis_url: str, engine: AsyncEngine
) -> None:
    beat(redis_url, "w1")
    last = await submit(requires={"queue": "zz"})
    for number in range(32):
        await submit(requires={"queue": f"q{number:02}"})
    beat(redis_url, "w1", serves=["zz"])

    assert (await explanation(user, last))["reason"] == "too_many_requirements"
    async with engine.begin() as connection:
        await connection.execute(text("""DELETE FROM jobs WHERE requires @> '{"queue": "q00"}'"""))
    assert (await explanation(user, last))["reason"] == "in_queue"


async def test_workers_are_shown_with_what_they_can_be_required_for(
    user: httpx.AsyncClient, redis_url: str
) -> None:
    beat(
        redis_url, "w1", serves=["default", "batch"], labels={"zone": "a"}, runtimes=["container", "process"]
    )
    (shown,) = (await user.get("/workers")).json()["items"]
    assert (shown["serves"], shown["labels"]) == (["default", "batch"], {"zone": "a"})
    assert shown["runtimes"] == ["container", "process"]
