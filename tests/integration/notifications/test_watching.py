"""What nobody writes an event of: lost workers, jobs that nobody can run, rejected reports, full queues."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.notifications.matching.signal_reader import SignalReader
from operation_server.notifications.watching import platform_watch
from operation_server.notifications.watching.platform_watch import PlatformWatch
from operation_server.rejections.repository import keep
from operation_server.signals.repository import raise_signal
from satellite.contracts import redis_keys
from satellite.contracts.notification import NotificationKind
from satellite.testing import heartbeat_of
from tests.integration.notifications.conftest import deliveries, make_channel, make_rule

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLATFORM = ["worker_lost", "system_error", "resources_exhausted", "cluster_unreachable"]


@pytest.fixture
async def redis(redis_url: str) -> Any:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def beat(redis: Redis, name: str) -> None:
    text_ = heartbeat_of(name=name, started_at=STARTED).model_dump_json()
    await redis.set(redis_keys.worker(name), text_)
    await redis.sadd(redis_keys.WORKERS, name)


async def told(client: httpx.AsyncClient, engine: AsyncEngine) -> list[tuple[str, str]]:
    """Return the kinds and subjects that somebody is told of, newest first."""
    await SignalReader(engine, give_up_after_s=60, wake=lambda: None).read()
    found = await deliveries(client)
    bodies = [(await client.get(f"/notification-deliveries/{each['id']}")).json()["body"] for each in found]
    return [(body["type"], body["data"]["about"]) for body in bodies]


async def listen(client: httpx.AsyncClient, kinds: list[str]) -> None:
    await make_rule(client, (await make_channel(client, kind="websocket"))["id"], kinds=kinds)


async def test_a_lost_worker_is_told_once_and_one_that_left_never(
    admin: httpx.AsyncClient, engine: AsyncEngine, redis: Redis
) -> None:
    await listen(admin, PLATFORM)
    watch = PlatformWatch(engine, redis, lost_after_s=0)
    for name in ("lost", "left", "there"):
        await beat(redis, name)
    await watch.look()
    await redis.set(redis_keys.worker_left("left"), STARTED.isoformat())
    await redis.delete(redis_keys.worker("lost"), redis_keys.worker("left"))
    for _ in range(3):
        await watch.look()

    assert await told(admin, engine) == [("worker_lost", "lost")]

    await beat(redis, "lost")
    await watch.look()
    await redis.delete(redis_keys.worker("lost"))
    await watch.look()
    assert await told(admin, engine) == [("worker_lost", "lost")] * 2


async def test_a_drained_worker_that_is_away_is_not_lost(
    admin: httpx.AsyncClient, engine: AsyncEngine, redis: Redis
) -> None:
    await listen(admin, PLATFORM)
    watch = PlatformWatch(engine, redis, lost_after_s=0)
    for name in ("serviced", "lost"):
        await beat(redis, name)
    await watch.look()
    assert (await admin.post("/workers/serviced/drain")).status_code == 200
    await redis.delete(redis_keys.worker("serviced"), redis_keys.worker("lost"))
    await watch.look()

    assert await told(admin, engine) == [("worker_lost", "lost")]


async def test_a_redis_that_has_just_come_back_loses_nobody(
    admin: httpx.AsyncClient, engine: AsyncEngine, redis: Redis
) -> None:
    await listen(admin, PLATFORM)
    await beat(redis, "there")
    await PlatformWatch(engine, redis, lost_after_s=0).look()
    await redis.flushall()
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE notification_watch SET seen_at = now() - interval '1 hour'"))
    await PlatformWatch(engine, redis, lost_after_s=30).look()

    assert await told(admin, engine) == []


async def test_rejected_reports_are_told_in_one(
    admin: httpx.AsyncClient, engine: AsyncEngine, redis: Redis
) -> None:
    await listen(admin, PLATFORM)
    async with engine.begin() as connection:
        for number in range(3):
            known = {"message": b"%d" % number, "task": None, "attempt": None, "body": b""}
            await connection.run_sync(partial(keep, reason="no JSON", **known))
    watch = PlatformWatch(engine, redis)
    await watch.look()
    await watch.look()

    assert await told(admin, engine) == [("system_error", "reports of workers")]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that nobody can run are told of at once."""
    monkeypatch.setattr(platform_watch, "UNPLACED_AFTER_S", 0)


@pytest.mark.usefixtures("impatient")
async def test_jobs_that_nobody_can_run_are_told_to_their_owner(
    user: httpx.AsyncClient, engine: AsyncEngine, redis: Redis, adder: dict[str, Any]
) -> None:
    await listen(user, ["resources_exhausted"])
    job = {"plugin_name": adder["name"], "input_data": {"n": 1}, "requires": {"labels": {"zone": "moon"}}}
    assert (await user.post("/jobs", json=job)).status_code == 202
    assert (await user.post("/jobs", json=job | {"requires": {}})).status_code == 202
    await beat(redis, "earthly")
    watch = PlatformWatch(engine, redis)
    await watch.look()
    await watch.look()

    ((kind, about),) = await told(user, engine)
    assert kind == "resources_exhausted"
    assert about.startswith("plugin adder of account")


async def test_a_full_queue_is_told_to_its_owner(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, engine: AsyncEngine, adder: dict[str, Any]
) -> None:
    await listen(user, ["resources_exhausted"])
    account = (await user.get("/users/me")).json()["id"]
    (await admin.put(f"/users/{account}/limits", json={"max_queued": 0})).raise_for_status()
    for _ in range(2):
        answer = await user.post("/jobs", json={"plugin_name": adder["name"], "input_data": {"n": 1}})
        assert answer.status_code == 429

    assert await told(user, engine) == [("resources_exhausted", f"the queue of account {account}")]


async def test_signals_reach_those_whom_they_concern(
    user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    for client in (user, other, admin):
        await listen(client, ["cluster_unreachable"])
    account = (await user.get("/users/me")).json()["id"]
    away = partial(
        raise_signal,
        kind=NotificationKind.CLUSTER_UNREACHABLE,
        about="lab",
        owner_ids=[account],
        quiet_s=60,
        reason="no route to host",
    )
    async with engine.begin() as connection:
        await connection.run_sync(away)
        await connection.run_sync(away)

    assert await told(user, engine) == [("cluster_unreachable", "lab")]
    assert await told(admin, engine) == [("cluster_unreachable", "lab")]
    assert await told(other, engine) == []


async def test_only_admins_ask_for_the_platform(user: httpx.AsyncClient) -> None:
    channel = await make_channel(user, kind="websocket")
    for asked in ({"kinds": ["worker_lost"]}, {"kinds": ["job_failed"], "of_everybody": True}):
        rule = {"name": "r", "channel_ids": [channel["id"]], **asked}
        assert (await user.post("/notification-rules", json=rule)).status_code == 403
