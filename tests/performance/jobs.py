"""The road of a job under measurement: round trip, throughput and cancel over REST, against raw Celery."""

from __future__ import annotations

import concurrent.futures
import contextlib
import statistics
import time
from collections.abc import Sequence
from typing import Any

import httpx

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure
from tests.performance.floors import CeleryFloor

WARM = {"plugin_name": "example-warm", "input_data": {"text": "a good day"}}
ENDLESS = {"plugin_name": "example-failing", "input_data": {"how": "loop"}}
WAIT = {"Prefer": "wait=60"}


def measure(platform: Platform, *, floor: CeleryFloor, rounds: int, calls: int = 100) -> list[Figure]:
    """Measure warm jobs from submit to result, alone and in numbers, and cancels of running jobs."""
    with platform.api() as api:
        trips = sorted(round_trips(api, calls * rounds))
        submits = [timed(api, {}) for _ in range(calls)]
        cancels = sorted(cancel_times(api, 10 * rounds))
    rates = [throughput(platform, jobs=400) for _ in range(rounds)]
    celery = "raw Celery round trip"
    return [
        Figure(name=celery, value=floor.round_trip_ms, unit="ms"),
        Figure(name="raw Celery throughput", value=floor.tasks_per_s, unit="1/s"),
        Figure(name="POST /jobs", value=statistics.median(submits), unit="ms",
               floor=floor.round_trip_ms, floor_name=celery),
        Figure(name="warm job, submit to result, p50", value=quantile(trips, 0.5), unit="ms",
               floor=floor.round_trip_ms, floor_name=celery, target="<= 5 x"),
        Figure(name="warm job, submit to result, p99", value=quantile(trips, 0.99), unit="ms",
               floor=quantile(trips, 0.5), floor_name="its p50", target="<= 3 x"),
        Figure(name="warm jobs, sustained", value=statistics.median(rates), unit="1/s",
               floor=floor.tasks_per_s, floor_name="raw Celery throughput", target=">= 0.5 x"),
        Figure(name="cancel of a running container, p99", value=quantile(cancels, 0.99), unit="ms",
               target="<= 5000 ms"),
    ]  # fmt: skip


def round_trips(api: httpx.Client, calls: int) -> list[float]:
    """Return the milliseconds of single jobs, one after the other; the plugin is warm by then."""
    for _ in range(10):
        timed(api, WAIT)
    return [timed(api, WAIT) for _ in range(calls)]


def timed(api: httpx.Client, headers: dict[str, str]) -> float:
    """Return the milliseconds of one submission."""
    began = time.perf_counter()
    answer = api.post("/jobs", json=WARM, headers=headers)
    elapsed_ms = (time.perf_counter() - began) * 1000
    assert answer.is_success, answer.text
    return elapsed_ms


def cancel_times(api: httpx.Client, count: int) -> list[float]:
    """Return the milliseconds from the cancel of a running job until it is called cancelled."""
    times = []
    for _ in range(count):
        job_id = api.post("/jobs", json=ENDLESS).json()["id"]
        wait_for(api, job_id, "processing")
        # Until its container runs: a cancel before that is cheaper.
        time.sleep(1)
        began = time.perf_counter()
        api.post(f"/jobs/{job_id}/cancel").raise_for_status()
        wait_for(api, job_id, "cancelled")
        times.append((time.perf_counter() - began) * 1000)
    return times


def wait_for(api: httpx.Client, job_id: int, status: str) -> dict[str, Any]:
    """Poll until a job has the status."""
    while True:
        job: dict[str, Any] = api.get(f"/jobs/{job_id}").json()
        if job["status"] == status:
            return job
        time.sleep(0.02)


def throughput(platform: Platform, *, jobs: int, clients: int = 16) -> float:
    """Return warm jobs per second from first submission to last result, with parallel clients."""

    def work(api: httpx.Client) -> None:
        for _ in range(jobs // clients):
            assert api.post("/jobs", json=WARM, headers=WAIT).json()["status"] == "completed"

    # Logged in beforehand: hashing a password is made to be slow.
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(clients) as pool:
        apis = [stack.enter_context(platform.api()) for _ in range(clients)]
        began = time.perf_counter()
        list(pool.map(work, apis))
        return jobs / (time.perf_counter() - began)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
