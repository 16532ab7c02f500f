"""Runs of workflows under faults: none is lost, no step is done twice, none stands still."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform
from tests.chaos.client import until_no_error
from tests.chaos.faults import FAULTS
from tests.chaos.test_faults import PLUGIN
from tests.fixtures.servers import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

STRIKES = (
    "kill dispatcher",
    "kill results consumer",
    "redis FLUSHALL",
    "kill worker",
    "kill api",
    "postgres stop",
    "kill dispatcher",
    "redis CLIENT KILL",
)
RUNS = 16
ITEMS = 8
PAUSE_S = 3.0


def step(name: str, *after: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "plugin", "plugin_name": PLUGIN, "dependencies": list(after),
        "input": {"how": "sleep", "seconds": 0.3}, **fields,
    }  # fmt: skip


TASKS = [
    step("begin"),
    step("each", "begin", map_over="params.items", max_parallel=4),
    step("beside", "begin"),
    step("never", "beside", when="results.beside == 'never'"),
    step("join", "each", "beside", "never"),
    step("end", "join"),
]
STEPS = {"begin": 1, "each": ITEMS, "beside": 1, "join": 1, "end": 1}


def begin(api: httpx.Client, workflow_id: int, number: int) -> int:
    """Trigger a run, again and again under the same key, until it is stored."""
    answer: httpx.Response = until_no_error(
        lambda: api.post(
            f"/jobs/trigger/{workflow_id}",
            json={"params": {"items": list(range(ITEMS))}},
            headers={"Idempotency-Key": f"run-{number}"},
        ).raise_for_status()
    )
    return int(answer.json()["id"])


def test_each_run_ends_once_with_each_step_done_once(platform: Platform, api: httpx.Client) -> None:
    settings = {"max_active_runs": 6}
    made = api.post("/workflows", json={"name": "under-faults", "tasks": TASKS, "settings": settings})
    workflow_id = made.raise_for_status().json()["id"]
    api.post(f"/workflows/{workflow_id}/deploy").raise_for_status()
    runs: list[int] = []
    for number, name in enumerate(STRIKES):
        runs += [begin(api, workflow_id, RUNS * number + each) for each in range(RUNS // len(STRIKES))]
        time.sleep(PAUSE_S)
        FAULTS[name](platform)

    def unfinished() -> list[int]:
        return [each for each in runs if get(api, each)["completed_at"] is None]

    wait_until(lambda: not unfinished(), timeout_s=300, interval_s=1)
    for run_id in runs:
        run = get(api, run_id)
        statuses = {task["name"]: task["status"] for task in run["tasks"]}
        assert run["status"] == "completed", (run["error"], statuses)
        assert statuses.pop("never") == "skipped"
        assert set(statuses.values()) == {"completed"}
        steps = list_steps(api, run_id)
        assert Counter(each["task"] for each in steps) == STEPS
        jobs = [each["job_id"] for each in steps]
        assert len(set(jobs)) == len(jobs) == count_jobs(api, run_id)
        ends = [e for e in api.get(f"/jobs/{run_id}/events").json()["items"] if e["type"] == "result"]
        assert len(ends) == 1


def get(api: httpx.Client, run_id: int) -> dict[str, Any]:
    run: dict[str, Any] = until_no_error(lambda: api.get(f"/jobs/{run_id}").raise_for_status().json())
    return run


def list_steps(api: httpx.Client, run_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"/runs/{run_id}/steps", params={"limit": 200}).json()["items"]
    return items


def count_jobs(api: httpx.Client, run_id: int) -> int:
    return int(api.get("/jobs", params={"run_id": run_id, "limit": 1}).json()["total"])
