"""The manifests on a real Kubernetes: a job, workers more and less, a death, and a rolling restart."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import submit, wait_for_job
from tests.deployment.images import ROOT
from tests.drills.adoption import result_events
from tests.fixtures.servers import wait_until
from tests.kubernetes.platform import Platform

# The first of them builds images and starts a cluster.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(2400)]

PLUGIN = "example-failing"
SETTLED_WITHIN_S = 400.0


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[httpx.Client]:
    """The admin's client, with a plugin of which jobs may be submitted."""
    with contextlib.closing(platform.api()) as client:
        manifest = json.loads((ROOT / "plugins" / PLUGIN / "plugin.json").read_text())
        client.post("/plugins", json=manifest).raise_for_status()
        wait_until(lambda: live_workers(client), timeout_s=SETTLED_WITHIN_S, interval_s=1)
        yield client


@pytest.fixture
def one_worker(platform: Platform, api: httpx.Client) -> None:
    """One worker, however many the test before has left."""
    platform.scale_workers(1)
    wait_until(lambda: len(platform.pods("analysis-worker")) == 1, timeout_s=180, interval_s=1)
    wait_for_workers(api, 1)


@contextlib.contextmanager
def load(api: httpx.Client, *, every_s: float, seconds: float) -> Iterator[list[int]]:
    """Submit a job every so often until the block ends; yields their ids."""
    ids: list[int] = []
    over = threading.Event()

    def submit_all() -> None:
        while not over.wait(every_s):
            ids.append(submit(api, PLUGIN, {"how": "sleep", "seconds": seconds})["id"])

    client = threading.Thread(target=submit_all)
    client.start()
    try:
        yield ids
    finally:
        over.set()
        client.join(60)


def live_workers(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/workers").raise_for_status().json()["items"]
    return [worker for worker in found if worker["consumer_ok"] and not worker["draining"]]


def wait_for_workers(api: httpx.Client, count: int) -> float:
    """Wait until so many workers take jobs; return how long that took in seconds."""
    began = time.monotonic()
    wait_until(lambda: len(live_workers(api)) == count, timeout_s=SETTLED_WITHIN_S, interval_s=0.5)
    return time.monotonic() - began


def ended(api: httpx.Client, ids: list[int]) -> list[dict[str, Any]]:
    """Wait for jobs to end, none of them lost or told of twice, and return them."""
    jobs = [wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S) for job_id in ids]
    assert Counter(job["status"] for job in jobs) == {"completed": len(ids)}
    assert Counter(result_events(api, job_id) for job_id in ids) == {1: len(ids)}
    return jobs


def test_a_job_runs(api: httpx.Client) -> None:
    job = wait_for_job(api, submit(api, PLUGIN, {"how": "ok"})["id"], timeout_s=SETTLED_WITHIN_S)

    assert (job["status"], job["attempt"]) == ("completed", 1)


@pytest.mark.usefixtures("one_worker")
def test_workers_come_and_go_under_load_and_no_attempt_is_wasted(
    platform: Platform, api: httpx.Client
) -> None:
    with load(api, every_s=0.3, seconds=1) as ids:
        platform.scale_workers(3)
        came_after_s = wait_for_workers(api, 3)
        count = len(ids)
        wait_until(lambda: len(ids) > count + 20, timeout_s=120)
        platform.scale_workers(1)
        went_after_s = wait_for_workers(api, 1)
        wait_until(lambda: len(platform.pods("analysis-worker")) == 1, timeout_s=180, interval_s=1)

    jobs = ended(api, ids)
    print(f"{len(jobs)} jobs; 3 workers after {came_after_s:.0f} s, 1 after {went_after_s:.0f} s")
    assert len({job["worker"] for job in jobs}) == 3
    assert {job["attempt"] for job in jobs} == {1}


@pytest.mark.usefixtures("one_worker")
def test_a_worker_that_is_killed_costs_no_job(platform: Platform, api: httpx.Client) -> None:
    with load(api, every_s=0.3, seconds=1) as ids:
        wait_until(lambda: len(ids) > 10, timeout_s=120)
        (pod,) = platform.pods("analysis-worker")
        (container,) = pod["status"]["containerStatuses"]
        before = container["restartCount"]
        platform.cluster.engine.docker("kill", container["containerID"].removeprefix("docker://"))
        wait_until(lambda: restarts(platform) > before, timeout_s=120, interval_s=0.5)
        came_after_s = wait_for_workers(api, 1)

    jobs = ended(api, ids)
    again = sum(job["attempt"] > 1 for job in jobs)
    print(f"{len(jobs)} jobs, {again} of them began again; back after {came_after_s:.0f} s")


def restarts(platform: Platform) -> int:
    (pod,) = platform.pods("analysis-worker")
    return sum(status["restartCount"] for status in pod["status"]["containerStatuses"])


def test_api_servers_are_rolled_without_a_failed_request(platform: Platform, api: httpx.Client) -> None:
    old = {pod["metadata"]["name"] for pod in platform.pods("operation-api")}
    api.post(f"/plugins/{PLUGIN}/pause").raise_for_status()
    answers: Counter[int | str] = Counter()
    over = threading.Event()

    def ask() -> None:
        # A connection each: what is open already would not show whether new ones come where nobody listens.
        while not over.wait(0.1):
            for method, path, body in REQUESTS:
                try:
                    answers[api.request(method, path, json=body).status_code] += 1
                except httpx.HTTPError as error:
                    answers[repr(error)] += 1

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        platform.kubectl("rollout", "restart", "deployment/operation-api")
        platform.kubectl("rollout", "status", "deployment/operation-api", "--timeout=400s", timeout_s=420)
        # The last old one still ends.
        wait_until(lambda: len(platform.pods("operation-api")) == 2, timeout_s=120, interval_s=1)
    finally:
        over.set()
        for client in clients:
            client.join(60)

    print(f"{answers.total()} requests: {dict(answers)}")
    assert {pod["metadata"]["name"] for pod in platform.pods("operation-api")}.isdisjoint(old)
    assert answers.keys() == {200, 202}
    api.post(f"/plugins/{PLUGIN}/resume").raise_for_status()
    wait_until(lambda: count_of(api, "queued") == 0, timeout_s=SETTLED_WITHIN_S, interval_s=1)


REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/jobs", {"plugin_name": PLUGIN, "input_data": {"how": "ok"}}),
    ("GET", "/users/me", None),
)


def count_of(api: httpx.Client, status: str) -> int:
    return int(api.get("/jobs", params={"status": status, "limit": 1}).raise_for_status().json()["total"])
