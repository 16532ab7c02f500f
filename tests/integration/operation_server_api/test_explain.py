"""Why a job waits: each reason, brought about for real."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs import put_aside
from operation_server.jobs.put_aside import note_put_aside
from satellite.contracts import redis_keys
from satellite.contracts.worker import LoadedPlugin, WorkerHeartbeat, WorkerResources
from satellite.testing import heartbeat_of
from tests.integration.operation_server_api.conftest import set_job


@pytest.fixture
def worker() -> WorkerHeartbeat:
    """An idle worker that could run `adder`."""
    return heartbeat_of(name="w")


Beat = Callable[..., Awaitable[None]]


@pytest.fixture
async def beat(redis_url: str, worker: WorkerHeartbeat) -> Beat:
    """Let the worker, with changes, give a sign of life."""

    async def beat(**change: Any) -> None:
        changed = worker.model_copy(update=change)
        async with Redis.from_url(redis_url) as redis:
            await redis.set(redis_keys.worker(changed.name), changed.model_dump_json(), ex=60)
            await redis.sadd(redis_keys.WORKERS, changed.name)

    return beat


async def reason(user: httpx.AsyncClient, job: dict[str, Any]) -> str:
    answer = await user.get(f"/jobs/{job['id']}/explain")
    assert answer.status_code == 200, answer.text
    explanation = answer.json()
    assert explanation["detail"].endswith(".")
    assert explanation["what_would_help"] or explanation["status"] == "completed"
    found: str = explanation["reason"]
    return found


async def test_no_worker_at_all(submit: Any, user: httpx.AsyncClient) -> None:
    assert await reason(user, await submit()) == "no_live_worker"


@pytest.mark.parametrize("change", [{"draining": True}, {"consumer_ok": False}])
async def test_no_worker_that_takes_jobs(
    submit: Any, user: httpx.AsyncClient, beat: Beat, change: dict[str, Any]
) -> None:
    await beat(**change)

    assert await reason(user, await submit()) == "no_live_worker"


async def test_no_worker_but_drained_ones(submit: Any, user: httpx.AsyncClient, beat: Beat) -> None:
    await beat(drained=True)
    job = await submit()

    explained = (await user.get(f"/jobs/{job['id']}/explain")).json()
    assert (explained["reason"], explained["detail"]) == (
        "no_live_worker",
        "No worker takes jobs: w is drained.",
    )
    assert "POST /api/v1/workers/w/resume" in explained["what_would_help"]

    await beat(name="small", total=WorkerResources(cpus=4, memory_mib=256))
    explained = (await user.get(f"/jobs/{job['id']}/explain")).json()
    assert explained["reason"] == "no_fitting_worker"
    assert "w is drained; small has 256 MiB memory" in explained["detail"]
    assert "POST /api/v1/workers/w/resume" in explained["what_would_help"]


async def test_no_worker_with_such_resources(submit: Any, user: httpx.AsyncClient, beat: Beat) -> None:
    await beat(total=WorkerResources(cpus=4, memory_mib=256))

    assert await reason(user, await submit()) == "no_fitting_worker"


async def test_a_paused_plugin(
    submit: Any, user: httpx.AsyncClient, admin: httpx.AsyncClient, beat: Beat
) -> None:
    await beat()
    await admin.post("/plugins/adder/pause")

    assert await reason(user, await submit()) == "plugin_paused"


async def test_its_place_in_the_queue(submit: Any, user: httpx.AsyncClient, beat: Beat) -> None:
    await beat()
    await submit()
    last = await submit()
    first = await submit(priority=9)

    assert await reason(user, last) == "in_queue"
    positions = [(await user.get(f"/jobs/{job['id']}/explain")).json()["position"] for job in (first, last)]
    assert positions == [1, 3]


async def test_the_limits_of_plugin_and_user(
    submit: Any,
    user: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    engine: AsyncEngine,
    beat: Beat,
) -> None:
    await beat()
    running = await submit()
    await set_job(engine, running["id"], "status = 'processing', attempt = 1, dispatched_at = now()")
    waiting = await submit()

    await admin.patch("/plugins/adder/control", json={"max_running": 1})
    assert await reason(user, waiting) == "plugin_limit"
    await admin.patch("/plugins/adder/control", json={"max_running": None})
    assert await reason(user, waiting) == "in_queue"
    await admin.patch(f"/users/{waiting['owner_id']}", json={"max_running": 1})
    assert await reason(user, waiting) == "user_limit"
    assert await reason(user, running) == "running"


async def test_what_was_dispatched_waits_for_a_slot(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine, beat: Beat
) -> None:
    await beat()
    job = await submit()
    await set_job(engine, job["id"], "attempt = 1, dispatched_at = now()")

    assert await reason(user, job) == "waiting_for_slot"


async def test_how_often_its_plugin_is_loaded(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine, beat: Beat
) -> None:
    replicas = [
        LoadedPlugin(name="adder", version="1.0.0", busy=card == "a", gpu_ids=[card]) for card in "abc"
    ]
    await beat(loaded=[*replicas, LoadedPlugin(name="adder", version="0.9.0", busy=True)])
    job = await submit()
    await set_job(engine, job["id"], "attempt = 1, dispatched_at = now()")

    told = "Of the replicas of its plugin 3 are loaded there, 1 of them busy."
    assert told in (await user.get(f"/jobs/{job['id']}/explain")).json()["detail"]
    await set_job(engine, job["id"], "status = 'processing', worker = 'w'")
    assert told in (await user.get(f"/jobs/{job['id']}/explain")).json()["detail"]
    await set_job(engine, job["id"], "worker = 'another'")
    assert "replicas" not in (await user.get(f"/jobs/{job['id']}/explain")).json()["detail"]


async def test_a_retry_waits_for_its_time(submit: Any, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
    job = await submit()
    await set_job(engine, job["id"], "attempt = 1, failures = 1, run_at = now() + interval '1 hour'")

    assert await reason(user, job) == "waiting_for_retry"


async def test_a_finished_job(submit: Any, user: httpx.AsyncClient) -> None:
    job = await submit()
    await user.post(f"/jobs/{job['id']}/cancel")

    assert await reason(user, job) == "finished"


@pytest.mark.parametrize(
    "change", [("max_running", '"many"'), ("resources", '{"cpus": "many"}'), ("resources", "7")]
)
async def test_a_definition_that_cannot_be_read(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine, beat: Beat, change: tuple[str, str]
) -> None:
    await beat()
    job = await submit()
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE plugins SET manifest = jsonb_set(manifest, :path, CAST(:value AS jsonb))"),
            {"path": [change[0]], "value": change[1]},
        )

    assert await reason(user, job) == "plugin_unreadable"
    answer = (await user.get(f"/jobs/{job['id']}/explain")).json()
    assert "adder 1.0.0" in answer["detail"]


async def test_a_job_that_dispatch_leaves_alone(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine, beat: Beat, redis_url: str
) -> None:
    await beat()
    aside, other = await submit(), await submit()
    with BlockingRedis.from_url(redis_url) as redis:
        note_put_aside(redis, {put_aside.job(aside["id"]): "ValueError: bigint out of range"})

    assert await reason(user, aside) == "put_aside"
    assert "bigint out of range" in (await user.get(f"/jobs/{aside['id']}/explain")).json()["detail"]
    assert await reason(user, other) == "in_queue"
    await set_job(engine, aside["id"], "status = 'processing', attempt = 1, dispatched_at = now()")
    assert await reason(user, aside) == "running"


@pytest.mark.parametrize(
    ("losses", "told"),
    [(0, ""), (1, "It was lost 1 of 10 times"), (3, "its attempts run alone on their worker now.")],
)
async def test_losses_are_told_beside_the_reason(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine, losses: int, told: str
) -> None:
    job = await submit()
    await set_job(engine, job["id"], f"losses = {losses}")
    detail = (await user.get(f"/jobs/{job['id']}/explain")).json()["detail"]
    assert told in detail
    assert ("lost" in detail) is bool(losses)
    assert await reason(user, job) == "no_live_worker"
    assert (await user.get(f"/jobs/{job['id']}")).json()["losses"] == losses
