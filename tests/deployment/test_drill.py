"""What a deployment by Compose must reach: a first result soon, and nothing lost while parts come and go."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from satellite.contracts.task_names import EXECUTE_QUEUE, RESULTS_QUEUE
from satellite.local.plugin_images import build_image
from tests.deployment.compose import Deployment
from tests.deployment.images import ROOT, docker
from tests.deployment.test_compose import PLUGIN, count, live_workers, submit
from tests.fixtures.servers import wait_until

DRILL = "SATELLITE_DEPLOYMENT_DRILL"
pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(DRILL not in os.environ, reason="a part of make drill-deployment"),
]

FIRST_RESULT_WITHIN_S = 60
REQUESTS_PER_S = 50
CLIENTS = 24
JOBS_PER_S = 2
ON_RABBITMQ = "COMPOSE_PROFILES=rabbitmq\nCELERY_BROKER_URL_FILE=/run/secrets/broker-url\nRABBITMQ_TAG=3\n"


def first_result(deployment: Deployment) -> float:
    """Bring it up on nothing but built images, and return after how many seconds a plugin has answered."""
    manifest = json.loads((ROOT / "plugins" / PLUGIN / "plugin.json").read_text())
    began_s = time.monotonic()
    deployment.compose("up", "-d", timeout_s=600)
    wait_until(deployment.is_ready, timeout_s=180, interval_s=0.2)
    with contextlib.closing(deployment.api()) as api:
        api.post("/plugins", json=manifest).raise_for_status()
        assert submit(api, headers={"Prefer": "wait=60"}).json()["status"] == "completed"
    return time.monotonic() - began_s


@pytest.fixture(scope="module")
def fresh(deployment: Deployment) -> tuple[Deployment, float]:
    """A deployment without a past, and how long it took to its first result."""
    build_image(ROOT / "plugins" / PLUGIN)
    deployment.compose("down", "--volumes", "--timeout", "30", timeout_s=400)
    return deployment, first_result(deployment)


@pytest.fixture
def api(fresh: tuple[Deployment, float]) -> Iterator[httpx.Client]:
    """The admin's client."""
    deployment, _ = fresh
    with contextlib.closing(deployment.api()) as client:
        yield client


@contextlib.contextmanager
def repeated(work: Callable[[], None], *, clients: int, per_s: float) -> Iterator[None]:
    """Do something so many times a second until the block ends."""
    over = threading.Event()
    began_s = time.monotonic()

    def repeat(number: int) -> None:
        done = 0
        while not over.wait(max(0.0, began_s + (done * clients + number) / per_s - time.monotonic())):
            work()
            done += 1

    threads = [threading.Thread(target=repeat, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(120)


def attempts(api: httpx.Client, job_ids: list[int]) -> Counter[tuple[str, int, int]]:
    """Count jobs by their status, how many attempts each took, and how often its result was told."""
    found: Counter[tuple[str, int, int]] = Counter()
    for job_id in job_ids:
        job = api.get(f"/jobs/{job_id}").raise_for_status().json()
        events = api.get(f"/jobs/{job_id}/events").raise_for_status().json()["items"]
        results = sum(event["type"] == "result" for event in events)
        found[job["status"], job["attempt"], results] += 1
    return found


def test_the_first_result_comes_soon(fresh: tuple[Deployment, float]) -> None:
    _, took_s = fresh
    print(f"up to first result: {took_s:.1f} s")
    assert took_s <= FIRST_RESULT_WITHIN_S


def test_servers_are_replaced_under_load_without_a_failed_request(
    fresh: tuple[Deployment, float], api: httpx.Client
) -> None:
    deployment, _ = fresh
    before = count(api, "queued")
    api.post(f"/plugins/{PLUGIN}/pause").raise_for_status()
    answers: Counter[Any] = Counter()

    def ask() -> None:
        # Half of them store a job, which none may be lost of.
        for answer in (submit(api), api.get("/users/me")):
            answers[answer.request.method, answer.status_code] += 1

    began_s = time.monotonic()
    with repeated(ask, clients=CLIENTS, per_s=REQUESTS_PER_S / 2):
        deployment.run("compose/roll", timeout_s=900)
    took_s = time.monotonic() - began_s

    print(f"rolled in {took_s:.0f} s under {answers.total() / took_s:.0f} requests/s: {dict(answers)}")
    assert set(answers) == {("POST", 202), ("GET", 200)}
    stored = list(all_queued(api))
    assert len(stored) - before == answers["POST", 202]
    api.post("/jobs/cancel", json={"plugin_name": PLUGIN, "status": "queued"}).raise_for_status()
    api.post(f"/plugins/{PLUGIN}/resume").raise_for_status()


def all_queued(api: httpx.Client) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = api.get(
            "/jobs", params={"status": "queued", "limit": 100} | ({"cursor": cursor} if cursor else {})
        )
        yield from page.raise_for_status().json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return


def test_workers_come_and_go_under_load_without_a_wasted_attempt(
    fresh: tuple[Deployment, float], api: httpx.Client
) -> None:
    deployment, _ = fresh
    jobs: list[int] = []

    def scale(workers: int) -> None:
        deployment.compose(
            "up", "-d", "--no-recreate", "--scale", f"analysis-worker={workers}", "analysis-worker",
            timeout_s=600,
        )  # fmt: skip
        wait_until(lambda: len(live_workers(api)) == workers, timeout_s=600, interval_s=1)

    def load() -> None:
        # Where all workers start at once the machine may be too busy to accept something, and then says so.
        if (answer := submit(api)).status_code == 202:
            jobs.append(int(answer.json()["id"]))

    with repeated(load, clients=2, per_s=JOBS_PER_S):
        scale(3)
        scale(5)
        scale(1)
    wait_until(lambda: count(api, "queued") + count(api, "processing") == 0, timeout_s=600, interval_s=1)

    found = attempts(api, jobs)
    print(f"scaled 1, 5, 1 under {len(jobs)} jobs, (status, attempts, results): {dict(found)}")
    assert set(found) == {("completed", 1, 1)}


def test_rabbitmq_takes_the_place_of_redis_and_may_die(fresh: tuple[Deployment, float]) -> None:
    deployment, _ = fresh
    settings = deployment.folder / ".env"
    before = settings.read_text()
    settings.write_text(before + ON_RABBITMQ)
    try:
        deployment.compose("up", "-d", timeout_s=600)
        wait_until(deployment.is_ready, timeout_s=180, interval_s=0.5)
        with contextlib.closing(deployment.api()) as api:
            wait_until(lambda: len(live_workers(api)) == 1, timeout_s=180, interval_s=1)
            assert submit(api, headers={"Prefer": "wait=60"}).json()["status"] == "completed"
            [broker] = deployment.containers("rabbitmq")
            queues = deployment.execute(broker, "rabbitmqctl", "-q", "list_queues", "name").split()
            assert {EXECUTE_QUEUE, RESULTS_QUEUE} <= set(queues)

            # From outside the engine would not start it again by itself.
            docker("kill", broker)
            jobs = [int(submit(api).raise_for_status().json()["id"]) for _ in range(5)]
            docker("start", broker)
            wait_until(lambda: set(attempts(api, jobs)) == {("completed", 1, 1)}, timeout_s=240, interval_s=2)
    finally:
        settings.write_text(before)
        deployment.compose("rm", "--stop", "--force", "rabbitmq")
        deployment.compose("up", "-d", timeout_s=600)
