"""`satellite demo` on an installation in which nobody has done anything yet."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.acceptance.platform import SATELLITE, Platform
from tests.console.conftest import browser, picture, sign_in
from tests.console.reading import reading

__all__ = ["browser"]

# The first of them waits for a platform to start, and for a hundred jobs.
pytestmark = pytest.mark.timeout(1800)

FOREIGN = {"email": "somebody@example.com", "password": "a stranger's long password"}
KINDS = {"exit", "timeout", "oom", "killed", "input", "output"}


def demo(platform: Platform, checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    own = {
        "SATELLITE_HOME": str(platform.home),
        "SATELLITE_CONFIG_DIR": str(checkout / ".login"),
        "SATELLITE_WORKER_PLUGIN_DIR": str(checkout / "plugins"),
    }
    return subprocess.run(
        [SATELLITE, "demo", *options], env=os.environ | own, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def counted(platform: Platform) -> dict[str, int]:
    with platform.api() as api:
        paths = ("/jobs", "/users", "/plugins", "/models", "/workflows", "/api-keys", "/jobs?kind=run")
        return {path: total(api.get(path).json()) for path in paths}


def total(page: Any) -> int:
    return int(page["total"])


def test_it_fills_every_page_once(platform: Platform, checkout: Path) -> None:
    done = demo(platform, checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "105 jobs" in done.stdout
    with platform.api() as api:
        failed = api.get("/jobs", params={"kind": "job", "status": "failed", "limit": 200}).json()["items"]
        assert {job["error"]["kind"] for job in failed} >= KINDS
        jobs = api.get("/jobs", params={"kind": "job", "limit": 200}).json()["items"]
        assert max(job["attempt"] for job in jobs) >= 3
        assert total(api.get("/jobs", params={"status": "cancelled"}).json()) == 1
        assert total(api.get("/dead-letters").json()) >= len(KINDS)
        assert api.get("/models/demand-forecast").json()["aliases"] == {"champion": 1, "candidate": 2}
        runs = api.get("/jobs", params={"kind": "run", "limit": 200}).json()["items"]
        assert {run["status"] for run in runs} >= {"completed", "failed", "processing"}
        # Beside it, at a full hour, runs what the schedule has begun.
        processing = [run["id"] for run in runs if run["status"] == "processing"]
        tasks = [task for run in processing for task in api.get(f"/jobs/{run}").json()["tasks"]]
        assert {"review": "waiting"} in [{task["name"]: task["status"]} for task in tasks]


async def test_it_is_something_to_look_at(platform: Platform, browser: Browser) -> None:
    credentials = json.loads((platform.home / "credentials.json").read_text())
    async with reading(browser, viewport={"width": 1440, "height": 1000}, locale="en-US") as context:
        page = await context.new_page()
        await sign_in(page, platform.url, credentials=credentials)
        await expect(page.locator("main").get_by_text("example-processor").first).to_be_visible()
        await page.wait_for_load_state("networkidle")
        await picture(page, "demo-overview")


def test_a_second_time_adds_nothing(platform: Platform, checkout: Path) -> None:
    before = counted(platform)

    done = demo(platform, checkout, "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["unfinished"] == 0
    assert counted(platform) == before


def test_where_others_work_it_has_to_be_told(platform: Platform, checkout: Path) -> None:
    with platform.api() as api:
        api.post("/users", json=FOREIGN).raise_for_status()

    refused = demo(platform, checkout)

    assert refused.returncode == 6
    assert FOREIGN["email"] in refused.stderr
    assert demo(platform, checkout, "--anyway").returncode == 0
