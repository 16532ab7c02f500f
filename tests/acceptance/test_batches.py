"""Jobs that wait for their batch: in one slot, beside others, and as easy to cancel as any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import submit, wait_for_job
from tests.fixtures.servers import wait_until

JOBS = 12
FOLDERS = Path(__file__).parents[2] / "plugins"


def worker(api: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = api.get("/workers").json()["items"][0]
    return answer


@pytest.fixture
def gathering(api: httpx.Client) -> str:
    """Register a plugin whose jobs wait long for company."""
    wait_until(lambda: api.get("/workers").json()["total"], timeout_s=180)
    if worker(api)["runtime"] != "container":
        pytest.skip("without an image there is no plugin beside those in the folder")
    manifest = json.loads((FOLDERS / "example-warm" / "plugin.json").read_text())
    name = "example-gathering"
    changed = {**manifest, "name": name, "batch": {"max_size": 32, "max_wait_ms": 20_000}}
    api.post("/plugins", json=changed).raise_for_status()
    return name


def test_jobs_that_wait_for_their_batch_take_one_slot(api: httpx.Client, gathering: str) -> None:
    jobs = [submit(api, gathering, {"text": "fine"})["id"] for _ in range(JOBS)]
    seen = wait_until(lambda: worker(api) if len(worker(api)["running"]) == JOBS else None, timeout_s=30)
    assert seen["slots_taken"] == 1

    alone = submit(api, "example-processor", {"csv": "a,b\n1,2\n"})
    assert wait_for_job(api, alone["id"])["status"] == "completed"

    assert api.post(f"/jobs/{jobs[0]}/cancel").status_code == 202
    assert wait_for_job(api, jobs[0], timeout_s=5)["status"] == "cancelled"
    assert all(api.get(f"/jobs/{job}").json()["status"] == "processing" for job in jobs[1:])

    done = [wait_for_job(api, job) for job in jobs[1:]]
    assert {job["status"] for job in done} == {"completed"}
    wait_until(lambda: not worker(api)["slots_taken"], timeout_s=20)
