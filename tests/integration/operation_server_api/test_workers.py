"""What workers tell of themselves is shown as it is, whatever version they are of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from redis import Redis

from satellite.contracts import redis_keys
from satellite.contracts.worker import LoadedPlugin, SparePlugin, WorkerHeartbeat

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
