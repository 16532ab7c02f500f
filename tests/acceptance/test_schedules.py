"""A schedule on the whole platform: its runs begin by themselves, and end when it is paused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until


@pytest.fixture
def workflow_id(api: httpx.Client, platform: Platform) -> int:
    """A workflow that runs every second, and waits that long in each run."""
    platform.wait_worker_ready()
    wait = {"name": "wait", "kind": "wait", "wait_s": 1}
    stated = {"name": "every second", "schedule": {"every_s": 1, "overlap": "queue_one"}, "tasks": [wait]}
    answer = api.post("/workflows", json=stated)
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["id"]
    return made


def test_it_runs_by_itself_until_it_is_paused(api: httpx.Client, workflow_id: int) -> None:
    def ticks() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = api.get(f"/workflows/{workflow_id}/ticks").json()["items"]
        return listed

    def completed() -> int:
        return sum(tick["run_status"] == "completed" for tick in ticks())

    def open_runs() -> int:
        return sum(tick["run_status"] in {"queued", "processing"} for tick in ticks())

    assert ticks() == []
    api.post(f"/workflows/{workflow_id}/deploy").raise_for_status()
    wait_until(lambda: completed() >= 2, timeout_s=60)
    assert open_runs() <= 1

    api.post(f"/workflows/{workflow_id}/pause").raise_for_status()
    wait_until(lambda: ticks()[0]["fate"] == "paused" and open_runs() == 0, timeout_s=60)
    ran = [tick["run_id"] for tick in ticks() if tick["fate"] == "ran"]
    wait_until(lambda: ticks()[1]["fate"] == "paused", timeout_s=60)
    assert [tick["run_id"] for tick in ticks() if tick["fate"] == "ran"] == ran
    api.delete(f"/workflows/{workflow_id}").raise_for_status()
