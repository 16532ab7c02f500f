"""The process may die at any moment: nothing is lost, and what is sent twice has the same id."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from satellite.local.postgres import EmbeddedPostgres
from tests.fixtures.receiver import WebhookReceiver
from tests.integration.notifications.conftest import (
    NotificationProcess,
    cancel,
    deliveries,
    make_channel,
    make_rule,
    until,
)

Submit = Callable[..., Awaitable[dict[str, Any]]]
JOBS = 200
KILLS = 3
IN_FLIGHT_MAX = 4
"""Of one receiver; so many may be sent again after each kill."""


@pytest.fixture
def end_sessions(postgres_server: EmbeddedPostgres, engine: AsyncEngine) -> Callable[[], None]:
    """End all sessions of the process, as a PostgreSQL that starts anew does."""

    def end() -> None:
        url = postgres_server.url("postgres").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name IN ('satellite-notifications', 'satellite-leader')",
                (engine.url.database,),
            )

    return end


async def test_kills_lose_nothing_and_repeat_only_what_was_in_flight(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver, process: NotificationProcess
) -> None:
    receiver.delay_s = 0.02
    channel = await make_channel(user, address=receiver.url())
    await make_rule(user, channel["id"])
    process.start()
    writing = asyncio.create_task(_write(user, submit))
    for number in range(1, KILLS + 1):
        await until(lambda wanted=number * JOBS // (KILLS + 1): _has(receiver, wanted))
        await asyncio.to_thread(process.kill)
        process.start()
    job_ids = await writing
    await until(lambda: _all_delivered(user))

    received = receiver.at("/ok")
    by_job = {each.json["data"]["job_id"]: each.id for each in received}
    sent = Counter(each.id for each in received)

    assert set(by_job) == set(job_ids)
    assert len(sent) == JOBS, "two ids for one job"
    assert sum(count - 1 for count in sent.values()) <= KILLS * IN_FLIGHT_MAX
    assert all(each.is_signed_by(channel["signing_secret"]) for each in received)


async def test_a_database_that_is_away_only_delays(
    user: httpx.AsyncClient,
    submit: Submit,
    receiver: WebhookReceiver,
    process: NotificationProcess,
    end_sessions: Callable[[], None],
) -> None:
    """All sessions end, again and again, as when PostgreSQL starts anew."""
    channel = await make_channel(user, address=receiver.url())
    await make_rule(user, channel["id"])
    process.start()
    await cancel(user, (await submit())["id"])
    await asyncio.to_thread(receiver.wait_for)
    for number in range(3):
        await asyncio.to_thread(end_sessions)
        await cancel(user, (await submit())["id"])
        await until(lambda wanted=number + 2: _all_delivered(user, count=wanted))

    assert len({each.id for each in receiver.at("/ok")}) == 4
    assert process.running is not None
    assert process.running.poll() is None


async def test_it_says_how_it_is(process: NotificationProcess) -> None:
    before = await asyncio.to_thread(process.health)
    process.start()

    async def is_well() -> bool:
        return (await asyncio.to_thread(process.health)).returncode == 0

    await until(is_well)

    assert before.returncode == 1
    assert "notifications" in before.stderr


async def _write(user: httpx.AsyncClient, submit: Submit) -> list[int]:
    found = []
    for _ in range(JOBS):
        job = await submit()
        await cancel(user, job["id"])
        found.append(job["id"])
    return found


async def _has(receiver: WebhookReceiver, wanted: int) -> bool:
    return len(receiver.at("/ok")) >= wanted


async def _all_delivered(user: httpx.AsyncClient, count: int = JOBS) -> bool:
    found = await deliveries(user)
    return len(found) == count and all(each["status"] == "delivered" for each in found)
