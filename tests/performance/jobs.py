"""The road of a job under measurement: round trip and throughput over REST, against raw Celery."""

from __future__ import annotations

import concurrent.futures
import statistics
import time

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure
from tests.performance.floors import CeleryFloor

BODY = {"plugin_name": "example-failing", "input_data": {"how": "ok"}}


def measure(platform: Platform, *, floor: CeleryFloor, rounds: int, calls: int = 20) -> list[Figure]:
    """Measure submit to result of single jobs, and submission alone."""
    with platform.api() as api:
        submits = []
        for _ in range(calls * rounds):
            began = time.perf_counter()
            assert api.post("/jobs", json=BODY).status_code == 202
            submits.append((time.perf_counter() - began) * 1000)
    return [
        Figure(name="raw Celery round trip", value=floor.round_trip_ms, unit="ms"),
        Figure(name="raw Celery throughput", value=floor.tasks_per_s, unit="1/s"),
        Figure(name="POST /jobs", value=statistics.median(submits), unit="ms",
               floor=floor.round_trip_ms, floor_name="raw Celery round trip"),
    ]  # fmt: skip


def throughput(platform: Platform, body: dict[str, object], *, jobs: int, clients: int = 4) -> float:
    """Return jobs per second from first submission to last result, with `clients` parallel submitters."""
    with platform.api() as api:
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            answers = pool.map(
                lambda _: api.post("/jobs", json=body, headers={"Prefer": "wait=60"}), range(jobs)
            )
            assert all(answer.json()["status"] == "completed" for answer in answers)
        return jobs / (time.perf_counter() - began)
