"""Backfills: which ticks they run, how many at once, and what is left when they are cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.workflows.backfills import service
from satellite.contracts.workflow import Overlap, Schedule
from tests.integration.workflows.schedule_seed import ScheduledWorkflows, scheduler_on

DAILY = Schedule(cron="@daily", overlap=Overlap.ALLOW)


@pytest.fixture
async def workflows(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str
) -> AsyncIterator[ScheduledWorkflows]:
    async with scheduler_on(blocking_engine, engine, redis_url) as scheduler:
        yield ScheduledWorkflows(engine, scheduler)


@pytest.fixture
async def workflow_id(user: httpx.AsyncClient, workflows: ScheduledWorkflows) -> int:
    """A daily workflow that is deployed and followed."""
    wait = {"name": "wait", "kind": "wait", "wait_s": 3_600}
    settings = {"priority": 4}
    stated = {"name": "w", "schedule": DAILY.model_dump(mode="json"), "settings": settings, "tasks": [wait]}
    answer = await user.post("/workflows", json=stated)
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["id"]
    assert (await user.post(f"/workflows/{made}/deploy")).status_code == 200
    await workflows.scheduler.look()
    return made


def days(count: int) -> dict[str, str]:
    """The range of the last so many midnights."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"start": (midnight - timedelta(days=count - 1)).isoformat(), "end": midnight.isoformat()}


async def begin(client: httpx.AsyncClient, workflow_id: int, **fields: Any) -> dict[str, Any]:
    answer = await client.post(f"/workflows/{workflow_id}/backfills", json=fields)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/api/v1/workflows/{workflow_id}/backfills/{told['number']}"
    return told


async def shown(client: httpx.AsyncClient, workflow_id: int, number: int = 1) -> dict[str, Any]:
    answer = await client.get(f"/workflows/{workflow_id}/backfills/{number}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def run_out(workflows: ScheduledWorkflows, workflow_id: int, status: str = "completed") -> list[Any]:
    """Let a backfill go on until it has no run left, and return the dates of its runs in order."""
    for _ in range(30):
        await workflows.scheduler.look()
        await workflows.end_runs(workflow_id, status)
    await workflows.scheduler.look()
    return [run.logical_date for run in await workflows.runs(workflow_id)]


async def test_of_a_workflow_without_priority_it_is_below_scheduled_runs(
    user: httpx.AsyncClient, workflows: ScheduledWorkflows
) -> None:
    wait = {"name": "wait", "kind": "wait", "wait_s": 3_600}
    stated = {"name": "w", "schedule": DAILY.model_dump(mode="json"), "tasks": [wait]}
    workflow_id = (await user.post("/workflows", json=stated)).raise_for_status().json()["id"]
    (await user.post(f"/workflows/{workflow_id}/deploy")).raise_for_status()
    await workflows.scheduler.look()

    await begin(user, workflow_id, **days(2))
    await workflows.scheduler.look()

    runs = await workflows.runs(workflow_id)
    assert {run.priority for run in runs} == {-1}
    assert (await user.get(f"/jobs/{runs[0].id}")).json()["priority"] == -1


async def test_it_runs_each_missing_tick_in_order(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    told = await begin(user, workflow_id, **days(10), max_active=3)
    assert (told["number"], told["version"], told["total"], told["pending"], told["status"]) == (
        1,
        1,
        10,
        10,
        "running",
    )
    await workflows.scheduler.look()
    runs = await workflows.runs(workflow_id)
    assert [(run.trigger, run.priority) for run in runs] == [("backfill", 3)] * 3
    assert runs[0].data_interval_start == runs[0].logical_date - timedelta(days=1)
    await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 3

    dates = await run_out(workflows, workflow_id)
    assert len(dates) == 10
    assert dates == sorted(dates)
    told = await shown(user, workflow_id)
    assert (told["status"], told["completed"], told["pending"], told["open"]) == ("completed", 10, 0, 0)
    ticks = (await user.get(f"/workflows/{workflow_id}/ticks")).json()
    assert {tick["fate"] for tick in ticks["items"]} == {"ran"}


async def test_the_newest_goes_first_in_reverse(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(4), reverse=True)
    dates = await run_out(workflows, workflow_id)
    assert dates == sorted(dates, reverse=True)
    assert len(dates) == 4


async def test_scopes(user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows) -> None:
    await begin(user, workflow_id, **days(3), max_active=3)
    await workflows.scheduler.look()
    for run, status in zip(
        await workflows.runs(workflow_id), ("completed", "failed", "cancelled"), strict=True
    ):
        await workflows.execute(
            "UPDATE workflow_runs SET status = :status WHERE id = :id", status=status, id=run.id
        )
    await workflows.scheduler.look()

    planned = {}
    for scope in ("missing", "failed", "all"):
        body = {**days(4), "scope": scope, "dry_run": True}
        answer = await user.post(f"/workflows/{workflow_id}/backfills", json=body)
        assert answer.status_code == 200, answer.text
        planned[scope] = [tick["left_out"] is None for tick in answer.json()["ticks"]]
        assert answer.json()["total"] == sum(planned[scope])
    assert planned == {
        "missing": [True, False, False, False],
        "failed": [False, False, True, True],
        "all": [True, True, True, True],
    }
    assert len(await workflows.runs(workflow_id)) == 3

    await begin(user, workflow_id, **days(4), scope="failed", max_active=9)
    await workflows.scheduler.look()
    again = (await workflows.runs(workflow_id))[3:]
    assert [run.logical_date for run in again] == [
        run.logical_date for run in (await workflows.runs(workflow_id))[1:3]
    ]
    listed = (await user.get(f"/workflows/{workflow_id}/ticks")).json()
    assert [tick["run_id"] for tick in listed["items"][:2]] == [again[1].id, again[0].id]


async def test_two_backfills_run_no_tick_twice(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(5))
    second = await begin(user, workflow_id, **days(7), max_active=9)
    assert second["total"] == 2
    dates = await run_out(workflows, workflow_id)
    assert len(dates) == len(set(dates)) == 7


async def test_cancelling_leaves_nothing_behind(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(10), max_active=2)
    await workflows.scheduler.look()
    await workflows.execute(
        "UPDATE workflow_runs SET status = 'processing' WHERE id = (SELECT min(id) FROM workflow_runs)"
    )
    for _ in range(2):
        assert (await user.delete(f"/workflows/{workflow_id}/backfills/1")).status_code == 204
    first, second = await workflows.runs(workflow_id)
    assert (first.status, first.cancel_requested_at is not None, second.status) == (
        "processing",
        True,
        "cancelled",
    )
    told = await shown(user, workflow_id)
    assert (told["status"], told["total"], told["pending"]) == ("cancelled", 2, 0)
    for _ in range(3):
        await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 2
    trail = await workflows.rows("SELECT action FROM audit_entries WHERE action LIKE '%backfill' ORDER BY id")
    assert [row.action for row in trail][:2] == ["workflow.start_backfill", "workflow.cancel_backfill"]


async def test_scheduled_runs_go_first(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(5), max_active=9)
    await workflows.execute("UPDATE workflow_backfills SET retry_at = now() + interval '1 hour'")
    await workflows.come(workflow_id, DAILY)
    await workflows.scheduler.look()
    await workflows.execute("UPDATE workflow_backfills SET retry_at = NULL")
    await workflows.scheduler.look()
    assert [run.trigger for run in await workflows.runs(workflow_id)] == ["schedule"]
    await workflows.execute("UPDATE workflow_runs SET status = 'processing'")
    await workflows.scheduler.look()
    runs = await workflows.runs(workflow_id)
    # The tick that has a run by now is not run for again.
    assert [run.trigger for run in runs] == ["schedule"] + ["backfill"] * 4
    assert (await shown(user, workflow_id))["open"] == 5


async def test_a_version_is_kept(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(2))
    answer = await user.post(
        "/tasks", json={"workflow_id": workflow_id, "name": "t", "kind": "wait", "wait_s": 60}
    )
    assert answer.status_code == 201, answer.text
    assert (await user.post(f"/workflows/{workflow_id}/deploy")).json()["version"] == 2
    await begin(user, workflow_id, **days(4))
    await run_out(workflows, workflow_id)
    rows = await workflows.rows(
        "SELECT v.version, count(*) AS runs FROM workflow_runs r"
        " JOIN workflow_versions v ON v.id = r.version_id GROUP BY v.version ORDER BY v.version"
    )
    assert [(row.version, row.runs) for row in rows] == [(1, 2), (2, 2)]


async def test_ticks_that_share_a_row_are_told_apart(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await workflows.come(workflow_id, DAILY, ticks=9)
    await workflows.scheduler.look()
    await workflows.end_runs(workflow_id)
    (missed,) = (await user.get(f"/workflows/{workflow_id}/ticks", params={"fate": "missed"})).json()["items"]
    assert missed["through"] is not None
    await begin(user, workflow_id, **days(9), max_active=1)
    await workflows.scheduler.look()
    listed = (await user.get(f"/workflows/{workflow_id}/ticks")).json()["items"]
    assert [tick["fate"] for tick in listed] == ["ran", "missed", "ran"]
    assert (listed[1]["through"], listed[2]["through"]) == (missed["through"], None)
    dates = await run_out(workflows, workflow_id)
    assert len(dates) == len(set(dates)) == 9
    listed = (await user.get(f"/workflows/{workflow_id}/ticks")).json()["items"]
    assert [tick["fate"] for tick in listed] == ["ran"] * 9


async def test_one_of_a_deleted_workflow_ends(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(3))
    assert (await user.delete(f"/workflows/{workflow_id}")).status_code == 204
    await workflows.scheduler.look()
    (row,) = await workflows.rows("SELECT status FROM workflow_backfills")
    assert row.status == "cancelled"
    assert await workflows.runs(workflow_id) == []


async def test_one_that_fails_is_tried_again_and_stops_no_other(
    user: httpx.AsyncClient, workflow_id: int, workflows: ScheduledWorkflows
) -> None:
    await begin(user, workflow_id, **days(2))
    await begin(user, workflow_id, **days(4), max_active=9)
    await workflows.execute("UPDATE workflow_backfills SET schedule = '{}' WHERE number = 1")
    await workflows.scheduler.look()
    assert len(await workflows.runs(workflow_id)) == 2
    assert "cron" in (await shown(user, workflow_id))["fault"]
    await workflows.execute(
        "UPDATE workflow_backfills SET retry_at = now(), schedule = :schedule WHERE number = 1",
        schedule=DAILY.model_dump_json(),
    )
    await run_out(workflows, workflow_id)
    told = await shown(user, workflow_id)
    assert (told["status"], told["fault"]) == ("completed", None)


class TestRefusal:
    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"end": "2020-01-01T00:00:00Z"}, "/end"),
            ({"end": "2190-01-01T00:00:00Z"}, "/end"),
            ({"start": "2026-01-01T00:00:00"}, "/start"),
            ({"max_active": 101}, "/max_active"),
            ({"scope": "some"}, "/scope"),
            ({"colour": "red"}, "/colour"),
        ],
    )
    async def test_of_what_makes_no_sense(
        self, user: httpx.AsyncClient, workflow_id: int, change: dict[str, Any], pointer: str
    ) -> None:
        for dry_run in (True, False):
            body = {**days(2), "dry_run": dry_run, **change}
            answer = await user.post(f"/workflows/{workflow_id}/backfills", json=body)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_of_too_many_ticks(
        self, user: httpx.AsyncClient, workflow_id: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "TICKS_MAX", 3)
        assert (await begin(user, workflow_id, **days(3)))["total"] == 3
        answer = await user.post(f"/workflows/{workflow_id}/backfills", json=days(4))
        assert (answer.status_code, answer.json()["code"]) == (422, "backfill_invalid")

    async def test_of_what_is_not_there(self, user: httpx.AsyncClient, workflow_id: int) -> None:
        path = f"/workflows/{workflow_id}/backfills"
        for answer in (await user.get(f"{path}/9"), await user.delete(f"{path}/9")):
            assert (answer.status_code, answer.json()["code"]) == (404, "backfill_not_found")
        answer = await user.post(path, json={**days(2), "version": 9})
        assert (answer.status_code, answer.json()["code"]) == (404, "workflow_version_not_found")
        made = (await user.post("/workflows", json={"name": "draft", "schedule": "@daily"})).json()["id"]
        answer = await user.post(f"/workflows/{made}/backfills", json=days(2))
        assert (answer.status_code, answer.json()["code"]) == (409, "workflow_not_deployed")
        await user.put(f"/workflows/{workflow_id}", json={"schedule": None})
        answer = await user.post(path, json=days(2))
        assert (answer.status_code, answer.json()["code"]) == (422, "backfill_invalid")

    async def test_lists_are_pages(self, user: httpx.AsyncClient, workflow_id: int) -> None:
        for _ in range(3):
            await begin(user, workflow_id, **days(1))
        listed = (await user.get(f"/workflows/{workflow_id}/backfills", params={"limit": 2})).json()
        assert (listed["total"], [item["number"] for item in listed["items"]]) == (3, [3, 2])
