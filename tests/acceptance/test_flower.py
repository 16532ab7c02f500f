"""Flower beside the running platform, by its HTTP API: who may look, what is shown, and what is not."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.fixtures.servers import wait_until

SECRET_WORD = "payload-4711"


@pytest.fixture
def flower(platform: Platform) -> Iterator[httpx.Client]:
    platform.wait_worker_ready()
    login = json.loads((platform.home / "credentials.json").read_text())
    with httpx.Client(
        base_url=f"http://127.0.0.1:{platform.flower_port}",
        auth=(login["username"], login["password"]),
        timeout=60,
    ) as client:
        # Of a task that began before it listened it does not know the name.
        wait_until(lambda: _hears_a_worker(client), timeout_s=120, interval_s=0.5)
        yield client


def _hears_a_worker(flower: httpx.Client) -> bool:
    if not _answers(flower):
        return False
    told = flower.get("/workers", params={"json": "1"}).json()["data"]
    return any(worker["status"] for worker in told)


def shown(flower: httpx.Client, task: str, state: str) -> dict[str, Any]:
    """Return what Flower knows of a task, once it knows of its end."""

    def ended() -> dict[str, Any] | None:
        answer = flower.get(f"/api/task/info/{task}")
        if answer.status_code != 200:
            return None
        known: dict[str, Any] = answer.json()
        return known if known["state"] == state else None

    known: dict[str, Any] = wait_until(ended, timeout_s=60, interval_s=0.2)
    return known


@pytest.mark.parametrize("path", ["/", "/workers", "/tasks", "/api/workers", "/api/tasks"])
def test_it_asks_for_the_login(flower: httpx.Client, path: str) -> None:
    assert httpx.get(f"{flower.base_url}{path}", timeout=60).status_code == 401
    assert httpx.get(f"{flower.base_url}{path}", auth=("admin", "guess"), timeout=60).status_code == 401
    assert flower.get(path, follow_redirects=True).status_code == 200


def test_it_shows_the_worker(flower: httpx.Client) -> None:
    workers = wait_until(lambda: flower.get("/api/workers?refresh=1").json(), timeout_s=60, interval_s=0.5)

    assert [name.partition("@")[0] for name in workers] == ["analysis1"]


def test_a_failed_run_is_a_failure_with_its_reason(flower: httpx.Client, api: httpx.Client) -> None:
    job = submit(api, "example-failing", {"how": "exit", "code": 7}, max_retries=0)
    wait_for_job(api, job["id"])

    task = shown(flower, f"job-{job['id']}-1", "FAILURE")
    assert task["name"] == "example-failing"
    assert task["args"] == f"(job {job['id']}, attempt 1, example-failing)"
    assert "exit: " in task["exception"]
    assert "7" in task["exception"]


def test_what_users_send_and_get_is_hidden(flower: httpx.Client, api: httpx.Client) -> None:
    job = submit(api, "example-processor", {"csv": f"name,age\n{SECRET_WORD},36\n"})
    done = wait_for_job(api, job["id"])

    task = shown(flower, f"job-{job['id']}-1", "SUCCESS")
    assert SECRET_WORD in json.dumps(done)
    assert task["name"] == "example-processor"
    assert task["result"] == "'completed'"
    assert SECRET_WORD not in flower.get("/api/tasks").text


def test_only_jobs_are_among_its_tasks(flower: httpx.Client, api: httpx.Client) -> None:
    # Longer than the worker's canary is away.
    job = submit(api, "example-failing", {"how": "sleep", "seconds": 6})
    wait_for_job(api, job["id"])
    shown(flower, f"job-{job['id']}-1", "SUCCESS")

    assert [uuid for uuid in flower.get("/api/tasks").json() if not uuid.startswith("job-")] == []


def test_it_changes_nothing(flower: httpx.Client) -> None:
    worker = next(iter(wait_until(lambda: flower.get("/api/workers").json(), timeout_s=60)))

    assert flower.post(f"/api/worker/shutdown/{worker}").status_code == 403
    assert flower.post("/api/task/apply/satellite.execute", json={"args": []}).status_code == 403


def test_it_remembers_what_it_knew_before_it_was_ended(
    platform: Platform, flower: httpx.Client, api: httpx.Client
) -> None:
    job = submit(api, "example-failing", {"how": "ok"})
    wait_for_job(api, job["id"])
    known = shown(flower, f"job-{job['id']}-1", "SUCCESS")

    (process,) = [each for each in platform.leftover_processes() if " flower " in each]
    os.kill(int(process.split()[0]), signal.SIGTERM)
    wait_until(lambda: _answers(flower) is False, timeout_s=60)
    wait_until(lambda: _answers(flower), timeout_s=60, interval_s=0.2)

    assert shown(flower, f"job-{job['id']}-1", "SUCCESS")["succeeded"] == known["succeeded"]


def _answers(flower: httpx.Client) -> bool:
    try:
        return flower.get("/healthcheck").status_code == 200
    except httpx.HTTPError:
        return False
