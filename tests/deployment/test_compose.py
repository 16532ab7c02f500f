"""`docker-compose.yml` on a real engine: the road of a job, workers more and less, and a rolling restart."""

from __future__ import annotations

import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from satellite.local.plugin_images import build_image
from tests.deployment.compose import Deployment
from tests.deployment.images import ROOT, inspect
from tests.fixtures.servers import wait_until

# The first of them builds the images.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

PLUGIN = "example-processor"
INPUT = {"csv": "a\n1\n"}


@pytest.fixture(scope="module")
def api(deployment: Deployment) -> Iterator[httpx.Client]:
    """The admin's client, with a plugin of which jobs may be submitted."""
    build_image(ROOT / "plugins" / PLUGIN)
    with contextlib.closing(deployment.api()) as client:
        manifest = json.loads((ROOT / "plugins" / PLUGIN / "plugin.json").read_text())
        client.post("/plugins", json=manifest).raise_for_status()
        # Compose is up before a worker has started its Ray, and a job waits for one.
        wait_until(lambda: live_workers(client), timeout_s=180)
        yield client


def submit(api: httpx.Client, **options: Any) -> httpx.Response:
    return api.post("/jobs", json={"plugin_name": PLUGIN, "input_data": INPUT}, **options)


def live_workers(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/workers").raise_for_status().json()["items"]
    return [worker for worker in found if worker["consumer_ok"] and not worker["draining"]]


def count(api: httpx.Client, status: str) -> int:
    return int(api.get("/jobs", params={"status": status, "limit": 1}).raise_for_status().json()["total"])


def test_a_job_runs_and_is_told_of(deployment: Deployment, api: httpx.Client) -> None:
    address = f"wss://localhost:{deployment.https_port}/api/v1/ws/jobs"
    headers = {"Authorization": api.headers["Authorization"]}
    with connect(
        address, ssl=deployment.trust, additional_headers=headers, proxy=None, open_timeout=60
    ) as socket:
        answer = submit(api, headers={"Prefer": "wait=60"})
        types: list[str] = []
        while "result" not in types:
            types.append(json.loads(socket.recv(timeout=60))["type"])

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.json()["attempt"] == 1


def test_a_file_larger_than_a_job_may_be_comes_and_goes(deployment: Deployment, api: httpx.Client) -> None:
    content = random.Random(0).randbytes(5_000_000)

    stored = api.post("/files", params={"name": "much"}, content=content).raise_for_status().json()

    assert api.get(f"/files/{stored['id']}").raise_for_status().content == content


def test_flower_knows_a_failure_and_remembers_it(deployment: Deployment, api: httpx.Client) -> None:
    build_image(ROOT / "plugins/example-failing")
    manifest = json.loads((ROOT / "plugins/example-failing/plugin.json").read_text())
    api.post("/plugins", json=manifest).raise_for_status()
    failing = {"plugin_name": "example-failing", "input_data": {"how": "exit", "code": 7}, "max_retries": 0}
    job = api.post("/jobs", json=failing, headers={"Prefer": "wait=60"}).raise_for_status().json()
    path = f"/flower/api/task/info/job-{job['id']}-1"
    login = ("admin", deployment.password)
    with httpx.Client(base_url=deployment.url, verify=deployment.trust, auth=login, timeout=60) as flower:

        def known() -> dict[str, Any] | None:
            answer = flower.get(path)
            task: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
            return task if task.get("state") == "FAILURE" else None

        before = wait_until(known, timeout_s=60, interval_s=0.5)
        assert (before["name"], "exit: " in before["exception"]) == ("example-failing", True)
        deployment.compose("up", "-d", "--no-deps", "--force-recreate", "flower")
        assert wait_until(known, timeout_s=120, interval_s=0.5)["failed"] == before["failed"]


def test_nothing_but_nginx_can_be_reached_and_nginx_shows_no_metrics(deployment: Deployment) -> None:
    published = {
        service: inspect(container)["HostConfig"]["PortBindings"]
        for service in deployment.compose("config", "--services").split()
        for container in deployment.containers(service)
    }
    assert {service for service, ports in published.items() if ports} == {"nginx"}
    with httpx.Client(base_url=deployment.url, verify=deployment.trust, http2=False) as anybody:
        assert anybody.get("/metrics").status_code == 404
        assert anybody.get("/flower/metrics").status_code == 404
        assert anybody.get("/flower/workers").status_code == 401
        assert anybody.get("/flower/workers", auth=("admin", deployment.password)).status_code == 200
        plain = anybody.get(f"http://localhost:{deployment.http_port}/docs")
        assert (plain.status_code, plain.headers["location"][:8]) == (308, "https://")


def test_containers_hold_no_privileges_and_no_passwords(deployment: Deployment) -> None:
    secrets = {file.read_text().strip() for file in (deployment.folder / "secrets").iterdir()}
    for service in deployment.compose("config", "--services").split():
        for container in deployment.containers(service):
            found = inspect(container)
            host, config = found["HostConfig"], found["Config"]
            assert host["ReadonlyRootfs"], service
            assert host["CapDrop"] == ["ALL"], service
            assert host["Memory"] > 0, service
            assert host["NanoCpus"] > 0, service
            assert host["PidsLimit"] > 0, service
            assert config["User"].partition(":")[0] not in {"", "0", "root"}, service
            assert not [secret for secret in secrets if secret in json.dumps(found)], service


def test_workers_come_and_go_under_load_and_one_is_killed(deployment: Deployment, api: httpx.Client) -> None:
    wait_until(lambda: live_workers(api), timeout_s=120)
    before, failed_before = count(api, "completed"), count(api, "failed")
    jobs = [submit(api).raise_for_status().json()["id"] for _ in range(24)]

    deployment.compose("up", "-d", "--no-recreate", "--scale", "analysis-worker=3", "analysis-worker")
    wait_until(lambda: len(live_workers(api)) == 3, timeout_s=180, interval_s=1)
    victim = live_workers(api)[0]
    # From inside, so that it looks to the engine like a crash, after which the container is started again.
    deployment.execute(victim["host"], "sh", "-c", f"kill -9 {victim['pid']}")
    jobs += [submit(api).raise_for_status().json()["id"] for _ in range(12)]
    wait_until(lambda: len(live_workers(api)) == 3, timeout_s=180, interval_s=1)

    deployment.compose("up", "-d", "--no-recreate", "--scale", "analysis-worker=1", "analysis-worker")
    wait_until(lambda: count(api, "completed") == before + len(jobs), timeout_s=240, interval_s=1)
    assert count(api, "failed") == failed_before
    wait_until(lambda: len(live_workers(api)) == 1, timeout_s=60, interval_s=1)


def test_api_servers_are_replaced_without_a_failed_request(deployment: Deployment, api: httpx.Client) -> None:
    old = set(deployment.containers("operation-api"))
    api.post(f"/plugins/{PLUGIN}/pause").raise_for_status()
    answers: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            answers[submit(api).status_code] += 1
            answers[api.get("/users/me").status_code] += 1

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        deployment.run("compose/roll", timeout_s=900)
    finally:
        over.set()
        for client in clients:
            client.join(60)

    assert set(deployment.containers("operation-api")).isdisjoint(old)
    assert set(answers) == {200, 202}
    assert count(api, "queued") == answers[202] > 10


def test_a_restart_of_all_keeps_jobs(deployment: Deployment, api: httpx.Client) -> None:
    completed = count(api, "completed")
    deployment.compose("restart", "--timeout", "30", "postgres", "redis", timeout_s=300)

    def counted() -> int:
        with contextlib.suppress(httpx.HTTPError):
            return count(api, "completed")
        return -1

    wait_until(lambda: counted() == completed, timeout_s=120, interval_s=1)
    api.post(f"/plugins/{PLUGIN}/resume").raise_for_status()
    wait_until(lambda: counted() > completed, timeout_s=120, interval_s=1)
