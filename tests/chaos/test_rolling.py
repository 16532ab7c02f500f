"""Rolling every process under load: no request fails and nothing is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.platform import Platform, running_platform, wait_for_job
from tests.chaos.faults import find_processes, kill
from tests.fixtures.servers import wait_until

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """The product with two API processes."""
    environment = {"SATELLITE_API_WORKERS": "2", "SATELLITE_WORKER_CPUS": "16"}
    arguments = ("--no-demo", "--runtime", "process", "--slots", "8")
    with running_platform(*arguments, environment=environment) as platform:
        yield platform


class Load(threading.Thread):
    """Submits and looks, each request on a connection of its own, until told to stop."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        with platform.api() as api:
            self.headers = dict(api.headers)
        self.url = f"{platform.url}/api/v1"
        self.stopped = threading.Event()
        self.ids: list[int] = []
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                body = {"plugin_name": "example-failing", "input_data": {"how": "sleep", "seconds": 0.3}}
                answer = httpx.post(f"{self.url}/jobs", json=body, headers=self.headers, timeout=30)
                answer.raise_for_status()
                self.ids.append(answer.json()["id"])
                httpx.get(f"{self.url}/jobs", headers=self.headers, timeout=30).raise_for_status()
            except httpx.HTTPError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(0.2)


def roll(platform: Platform, part: str) -> None:
    """End a part gently and wait for its successor."""
    before = set(find_processes(platform, part))
    kill(platform, part, signal.SIGTERM)
    wait_until(lambda: set(find_processes(platform, part)) - before, timeout_s=60)


@pytest.mark.timeout(600)
def test_no_request_fails_and_nothing_is_lost(platform: Platform) -> None:
    load = Load(platform)
    load.start()
    wait_until(lambda: len(load.ids) > 3)
    for part in ("dispatcher", "results", "worker"):
        roll(platform, part)
    # SIGHUP makes the parent replace its API processes one after the other.
    seen = len(load.ids)
    kill(platform, "api", signal.SIGHUP)
    wait_until(lambda: len(load.ids) > seen + 20, timeout_s=120)
    load.stopped.set()
    load.join(60)
    assert load.failures == []
    with platform.api() as api:
        for job_id in load.ids:
            assert wait_for_job(api, job_id)["status"] == "completed"
