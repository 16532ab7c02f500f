"""What workers tell of themselves is shown as it is, whatever version they are of; admins drain them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from redis import Redis

from satellite.contracts import redis_keys
from satellite.contracts.worker import DrainedWorkers, LoadedPlugin, SparePlugin, WorkerHeartbeat

BEAT: dict[str, Any] = {
    "name": "gpu-1",
    "host": "gpu-host",
    "pid": 4711,
    "version": "1.0.0",
    "runtime": "container",
    "queues": ["satellite.execute"],
    "slots": 8,
    "started_at": datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
    "seen_at": datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
}


def tell(redis_url: str, name: str, text: bytes) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.sadd(redis_keys.WORKERS, name)
        redis.set(redis_keys.worker(name), text, ex=15)


async def test_what_is_loaded_and_stands_by_is_shown(admin: httpx.AsyncClient, redis_url: str) -> None:
    loaded = LoadedPlugin(name="model", version="2", busy=True, memory_mib=512, gpu_ids=["GPU-1"])
    spare = SparePlugin(name="adder", version="1", count=3, memory_mib=64)
    beat = WorkerHeartbeat.model_validate({**BEAT, "loaded": [loaded], "spares": [spare]})
    tell(redis_url, "gpu-1", beat.model_dump_json().encode())

    (shown,) = (await admin.get("/workers")).json()["items"]

    assert shown["loaded"] == [loaded.model_dump(mode="json")]
    assert shown["spares"] == [spare.model_dump(mode="json")]


async def test_a_worker_of_an_older_version_is_shown_too(admin: httpx.AsyncClient, redis_url: str) -> None:
    tell(redis_url, "gpu-1", orjson.dumps(BEAT))

    answer = (await admin.get("/workers")).json()
    (shown,) = answer["items"]

    assert answer["flower_url"] is None
    assert (shown["name"], shown["loaded"], shown["spares"]) == ("gpu-1", [], [])


def told(redis_url: str) -> list[str]:
    """Return whom Redis calls drained."""
    with Redis.from_url(redis_url) as redis:
        text = redis.get(redis_keys.DRAINED_WORKERS)
    assert text is not None
    return DrainedWorkers.model_validate_json(text).names


async def test_a_worker_is_drained_and_resumed_also_while_it_is_away(
    admin: httpx.AsyncClient, redis_url: str
) -> None:
    tell(redis_url, "gpu-1", orjson.dumps(BEAT))
    for _ in range(2):
        answer = await admin.post("/workers/gpu-1/drain")
        assert (answer.status_code, answer.json()) == (200, {"name": "gpu-1", "drained": True})
    assert told(redis_url) == ["gpu-1"]
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    shown = (await admin.get("/workers")).json()
    assert (shown["items"], shown["drained"]) == ([], ["gpu-1"])
    assert (await admin.post("/workers/gpu-1/drain")).status_code == 200
    assert (await admin.post("/workers/gpu-1/resume")).json() == {"name": "gpu-1", "drained": False}
    assert (told(redis_url), (await admin.get("/workers")).json()["drained"]) == ([], [])
    tell(redis_url, "gpu-1", orjson.dumps(BEAT))
    assert (await admin.post("/workers/gpu-1/resume")).status_code == 200
    entries = (await admin.get("/audit", params={"object_type": "worker"})).json()["items"]
    assert [(entry["action"], entry["object_id"]) for entry in entries] == [
        ("worker.resume", "gpu-1"),
        ("worker.drain", "gpu-1"),
    ]


@pytest.mark.parametrize("act", ["drain", "resume"])
async def test_who_is_neither_live_nor_drained_is_not_found(
    admin: httpx.AsyncClient, user: httpx.AsyncClient, redis_url: str, act: str
) -> None:
    answer = await admin.post(f"/workers/gpu-9/{act}")
    assert (answer.status_code, answer.json()["code"]) == (404, "worker_not_found")
    assert (await admin.get("/workers")).json()["drained"] == []
    assert (await admin.post(f"/workers/-/{act}")).status_code == 422
    tell(redis_url, "gpu-1", orjson.dumps(BEAT))
    answer = await user.post(f"/workers/gpu-1/{act}")
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_required")
