"""Whom rules tell of what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions.events import NewEvent, Subject, insert_events, status_event
from satellite.contracts.event import EventSubject, EventType
from satellite.contracts.job import JobStatus
from tests.integration.notifications.conftest import (
    cancel,
    deliveries,
    make_channel,
    make_rule,
    wait_for_mark,
)

Submit = Callable[..., Awaitable[dict[str, Any]]]
pytestmark = pytest.mark.usefixtures("telling")


async def websocket(client: httpx.AsyncClient) -> int:
    return int((await make_channel(client, kind="websocket"))["id"])


async def kinds_told(client: httpx.AsyncClient, engine: AsyncEngine) -> list[str]:
    """Return the kinds that somebody is told of, once all events were looked at."""
    await wait_for_mark(engine)
    return sorted(each["kind"] for each in await deliveries(client))


async def fail(engine: AsyncEngine, job: dict[str, Any], kind: str) -> None:
    """Tell that a job has failed, as its transition does."""
    async with engine.begin() as connection:
        row = (await connection.execute(text("SELECT id, uid, owner_id FROM jobs WHERE id = :id"), job)).one()
        event = status_event(
            Subject(row.id, row.uid, row.owner_id), JobStatus.FAILED, 1, error={"kind": kind, "message": "no"}
        )
        await connection.execute(text("UPDATE jobs SET priority = priority WHERE id = :id"), job)
        await connection.run_sync(insert_events, [event])


@pytest.mark.parametrize(
    ("filters", "is_told"),
    [
        ({}, True),
        ({"plugin_name": "adder"}, True),
        ({"plugin_name": "another"}, False),
        ({"min_priority": 3}, True),
        ({"min_priority": 4}, False),
        ({"workflow_id": 1}, False),
        ({"is_enabled": False}, False),
        ({"kinds": ["job_completed"]}, False),
    ],
)
async def test_filters(
    user: httpx.AsyncClient, submit: Submit, engine: AsyncEngine, filters: dict[str, Any], is_told: bool
) -> None:
    await make_rule(user, await websocket(user), **filters)
    await cancel(user, (await submit(priority=3))["id"])

    assert await kinds_told(user, engine) == (["job_cancelled"] if is_told else [])


@pytest.mark.parametrize(
    "case",
    [
        ("exit", ["job_failed"], ["job_failed"]),
        ("timeout", ["job_failed"], ["job_failed"]),
        ("timeout", ["job_failed", "job_timeout"], ["job_timeout"]),
        ("resources", ["resources_exhausted"], ["resources_exhausted"]),
        ("exit", ["job_timeout"], []),
    ],
    ids=str,
)
async def test_how_a_job_failed(
    user: httpx.AsyncClient,
    submit: Submit,
    engine: AsyncEngine,
    case: tuple[str, list[str], list[str]],
) -> None:
    error, asked, told = case
    await make_rule(user, await websocket(user), kinds=asked)
    await fail(engine, await submit(), error)

    assert await kinds_told(user, engine) == told


async def test_two_rules_tell_a_channel_once(
    user: httpx.AsyncClient, submit: Submit, engine: AsyncEngine
) -> None:
    channel_id = await websocket(user)
    await make_rule(user, channel_id, name="one")
    await make_rule(user, channel_id, name="two")
    await cancel(user, (await submit())["id"])

    assert await kinds_told(user, engine) == ["job_cancelled"]


async def test_nobody_is_told_of_the_jobs_of_others(
    user: httpx.AsyncClient,
    other: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    submit: Submit,
    engine: AsyncEngine,
) -> None:
    for client in (other, admin):
        await make_rule(client, await websocket(client))
    await cancel(user, (await submit())["id"])

    assert await kinds_told(other, engine) == []
    assert await kinds_told(admin, engine) == []


async def test_admins_may_be_told_of_everybodys_jobs(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit, engine: AsyncEngine
) -> None:
    await make_rule(admin, await websocket(admin), of_everybody=True)
    await cancel(user, (await submit())["id"])

    assert await kinds_told(admin, engine) == ["job_cancelled"]

    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET role = 'user' WHERE username = 'admin@example.com'"))
    await cancel(user, (await submit())["id"])
    assert await kinds_told(admin, engine) == ["job_cancelled"]


async def test_an_admin_is_told_of_faults_of_the_platform(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit, engine: AsyncEngine
) -> None:
    await make_rule(admin, await websocket(admin), kinds=["system_error"])
    await make_rule(user, await websocket(user), kinds=["job_completed"])
    await fail(engine, await submit(), "internal")
    await wait_for_mark(engine)
    from tests.integration.notifications.conftest import until

    (told,) = await until(lambda: deliveries(admin))

    assert told["kind"] == "system_error"
    assert await deliveries(user) == []


async def test_an_approval_is_told_of_and_a_wait_is_not(user: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await make_rule(user, await websocket(user), kinds=["approval_waiting", "run_deadline", "run_cancelled"])
    made = await user.post("/workflows", json={"name": "asks"})
    tasks = [
        {"name": "ask", "kind": "approval", "expires_s": 600},
        {"name": "pause", "kind": "wait", "wait_s": 600},
    ]
    for task in tasks:
        answer = await user.post("/tasks", json={"workflow_id": made.json()["id"], **task})
        assert answer.status_code == 201, answer.text
    deployed = await user.post(f"/workflows/{made.json()['id']}/deploy")
    assert deployed.status_code < 300, deployed.text
    run = (await user.post(f"/jobs/trigger/{made.json()['id']}")).json()
    async with engine.begin() as connection:
        row = (
            await connection.execute(
                text("UPDATE workflow_runs SET priority = priority WHERE id = :id RETURNING uid, owner_id"),
                {"id": run["id"]},
            )
        ).one()
        subject = Subject(run["id"], row.uid, row.owner_id, EventSubject.RUN)
        waits = [f'{{"task": "{task["name"]}", "status": "waiting"}}' for task in tasks]
        passed = {"kind": "timeout", "message": "late"}
        events = [NewEvent(subject, EventType.TASK, data) for data in waits]
        events.append(status_event(subject, JobStatus.PROCESSING, 0, cancelling=True, error=passed))
        events.append(status_event(subject, JobStatus.CANCELLED, 0))
        await connection.run_sync(insert_events, events)

    assert await kinds_told(user, engine) == ["approval_waiting", "run_cancelled", "run_deadline"]
    found = (await user.get("/notification-deliveries", params={"kind": "approval_waiting"})).json()["items"]
    shown = (await user.get(f"/notification-deliveries/{found[0]['id']}")).json()
    assert shown["body"]["data"]["task"] == "ask"
    assert shown["body"]["data"]["workflow"] == "asks"
