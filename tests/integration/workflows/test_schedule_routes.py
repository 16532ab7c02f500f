"""Schedules by REST: what is shown, changed, previewed, paused, and what became of ticks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from satellite.contracts.workflow import Schedule
from tests.integration.workflows.schedule_seed import ScheduledWorkflows, scheduler_on

HOURLY = Schedule(cron="@hourly")


@pytest.fixture
async def workflows(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str
) -> AsyncIterator[ScheduledWorkflows]:
    async with scheduler_on(blocking_engine, engine, redis_url) as scheduler:
        yield ScheduledWorkflows(engine, scheduler)


@pytest.fixture
async def workflow_id(user: httpx.AsyncClient) -> int:
    """A workflow that is deployed."""
    wait = {"name": "wait", "kind": "wait", "wait_s": 3_600}
    stated = {"name": "w", "schedule": "@hourly", "params": {"size": 3}, "tasks": [wait]}
    answer = await user.post("/workflows", json=stated)
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["id"]
    answer = await user.post(f"/workflows/{made}/deploy")
    assert answer.status_code == 200, answer.text
    return made


async def schedule_of(client: httpx.AsyncClient, workflow_id: int) -> dict[str, Any]:
    answer = await client.get(f"/workflows/{workflow_id}/schedule")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_it_is_shown_with_its_next_ticks(user: httpx.AsyncClient, workflow_id: int) -> None:
    told = await schedule_of(user, workflow_id)
    assert (told["schedule"]["cron"], told["is_active"], told["is_deployed"], told["fault"]) == (
        "@hourly",
        True,
        True,
        None,
    )
    times = [datetime.fromisoformat(tick["at"]) for tick in told["next_ticks"]]
    assert len(times) == 5
    assert all(time > datetime.now(UTC) and time.minute == 0 for time in times)


async def test_it_is_changed_at_once(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await workflows.scheduler.look()
    stated = {"cron": "30 2 * * *", "timezone": "Asia/Seoul", "overlap": "allow"}
    answer = await user.put(f"/workflows/{workflow_id}/schedule", json=stated)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_ticks"][0]["local"].endswith("T02:30:00+09:00")
    await workflows.scheduler.look()
    (followed,) = await workflows.rows("SELECT next_at FROM workflow_schedules")
    assert (followed.next_at.hour, followed.next_at.minute) == (17, 30)
    assert (await user.get(f"/workflows/{workflow_id}")).json()["revision"] == 2


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"cron": "31 2 *"}, "has 3 fields instead of five"),
        ({"cron": "0 0 30 2 *"}, "bad day-of-month"),
        ({"cron": "@once"}, "is triggered, not scheduled"),
        ({"cron": "@daily", "timezone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
    ],
)
async def test_what_nobody_can_mean_is_refused(
    user: httpx.AsyncClient, workflow_id: int, stated: dict[str, Any], told: str
) -> None:
    for method, path in (("PUT", "schedule"), ("POST", "schedule/preview")):
        answer = await user.request(method, f"/workflows/{workflow_id}/{path}", json=stated)
        assert (answer.status_code, answer.json()["code"]) == (422, "schedule_invalid")
        assert told in answer.json()["detail"]


async def test_a_preview_says_what_changes_of_the_clock_do(user: httpx.AsyncClient, workflow_id: int) -> None:
    stated = {
        "cron": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "count": 2,
        "after": "2026-03-28T02:00:00+01:00",
    }
    answer = await user.post(f"/workflows/{workflow_id}/schedule/preview", json=stated)
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["ticks"]
    assert (first["at"], first["local"], first["note"]) == (
        "2026-03-28T01:30:00Z",
        "2026-03-28T02:30:00+01:00",
        None,
    )
    assert (second["at"], second["local"]) == ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00")
    assert "the clock is put forward over 02:30" in second["note"]


@pytest.mark.parametrize("after", ["2026-03-28T02:00:00", "1969-12-31T23:59:59Z", "9999-12-31T00:00:00Z", 5])
async def test_moments_have_a_zone_and_a_range(user: httpx.AsyncClient, workflow_id: int, after: Any) -> None:
    stated = {"cron": "@daily", "after": after}
    answer = await user.post(f"/workflows/{workflow_id}/schedule/preview", json=stated)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/after"


async def test_pause_and_resume(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await workflows.scheduler.look()
    for _ in range(2):
        paused = (await user.post(f"/workflows/{workflow_id}/pause")).json()
        assert (paused["is_active"], paused["next_ticks"]) == (False, [])
    await workflows.scheduler.look()
    await workflows.come(workflow_id, HOURLY, ticks=3)
    resumed = (await user.post(f"/workflows/{workflow_id}/resume")).json()
    assert (resumed["is_active"], len(resumed["next_ticks"])) == (True, 5)
    await workflows.scheduler.look()
    assert await workflows.runs(workflow_id) == []
    assert (await user.get(f"/workflows/{workflow_id}")).json()["revision"] == 3


async def test_ticks_are_listed_with_their_runs(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await workflows.scheduler.look()
    await workflows.come(workflow_id, HOURLY, ticks=3)
    await workflows.scheduler.look()
    listed = (await user.get(f"/workflows/{workflow_id}/ticks")).json()
    assert listed["total"] == 3
    assert [tick["fate"] for tick in listed["items"]] == ["ran", "missed", "missed"]
    (run,) = await workflows.runs(workflow_id)
    newest = listed["items"][0]
    assert (newest["run_id"], newest["run_status"]) == (run.id, "queued")
    missed = (await user.get(f"/workflows/{workflow_id}/ticks", params={"fate": "missed", "limit": 1})).json()
    assert (missed["total"], len(missed["items"])) == (2, 1)


async def test_a_fault_is_shown(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await workflows.execute("""UPDATE workflows SET schedule = '{"cron": "0 0 30 2 *"}'""")
    await workflows.scheduler.look()
    told = await schedule_of(user, workflow_id)
    assert "bad day-of-month" in told["fault"]
    assert told["next_ticks"] == []


async def test_what_was_never_deployed_has_no_ticks(user: httpx.AsyncClient) -> None:
    made = (await user.post("/workflows", json={"name": "draft", "schedule": "@hourly"})).json()
    told = await schedule_of(user, made["id"])
    assert (told["is_deployed"], told["next_ticks"]) == (False, [])


async def test_others_neither_see_nor_change_it(
    other: httpx.AsyncClient, admin: httpx.AsyncClient, workflow_id: int
) -> None:
    for method, path, body in (
        ("GET", "schedule", None),
        ("PUT", "schedule", {"cron": "@daily"}),
        ("POST", "schedule/preview", {"cron": "@daily"}),
        ("GET", "ticks", None),
        ("POST", "pause", None),
        ("POST", "resume", None),
        ("GET", "backfills", None),
        ("GET", "backfills/1", None),
        ("DELETE", "backfills/1", None),
        ("POST", "backfills", {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}),
    ):
        answer = await other.request(method, f"/workflows/{workflow_id}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "workflow_not_yours"), path
        answer = await other.request(method, f"/workflows/999/{path}", json=body)
        assert answer.status_code == 404, path
    assert (await admin.get(f"/workflows/{workflow_id}/schedule")).status_code == 200


async def test_ticks_that_nobody_looks_at_are_told(
    user: httpx.AsyncClient, stranger: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    async def told() -> str:
        return str((await stranger.get("/monitoring/health")).json()["parts"]["schedules"])

    await workflows.scheduler.look()
    assert await told() == "ok"
    await workflows.execute("UPDATE workflow_schedules SET next_at = now() - interval '2 minutes'")
    assert (await told()).startswith("a tick has waited for 12")
    await workflows.scheduler.look()
    assert await told() == "ok"
