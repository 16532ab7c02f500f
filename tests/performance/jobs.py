"""The road of a job under measurement: round trip, throughput and cancel over REST, against raw Celery."""

from __future__ import annotations

import concurrent.futures
import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure
from tests.performance.floors import CeleryFloor, celery_floor
from tests.performance.warm_client import WarmClient

ENDLESS = {"plugin_name": "example-failing", "input_data": {"how": "loop"}}
CLIENTS = 64
BATCH = 500
COUNTED_AFTER_S = 1.5
"""Counts are gathered in a process for half a second before a scrape sees them."""


def measure(platform: Platform, *, rounds: int, calls: int = 100) -> list[Figure]:
    """Measure warm jobs from submit to result, alone and in numbers, and cancels of running jobs.

    Floor and platform take turns, because this machine's speed changes from minute to minute.
    """
    trips: list[float] = []
    floor_trips: list[float] = []
    submits: list[float] = []
    rates = defaultdict(list)
    with celery_floor() as floor, platform.api() as api, contextlib.closing(WarmClient(api)) as client:
        warm_up(floor, client)
        rested_before_ms = rested_ms(platform)
        for _ in range(rounds * 2):
            floor_trips += [floor.round_trip_ms() for _ in range(calls)]
            trips += [client.run_job_ms() for _ in range(calls // 2)]
        rested = (rested_ms(platform) - rested_before_ms) / len(trips)
        submits = [client.submit_ms() for _ in range(calls)]
        for _ in range(rounds):
            rates["celery"].append(floor.tasks_per_s(1000))
            rates["single"].append(rate_of_single(platform, jobs=1280))
            rates["batch"].append(rate_of_batches(client, jobs=1500))
        proofs = times_of_proofs(api, client, calls=calls * rounds)
        cancels = sorted(cancel_times(api, 10 * rounds))
    trips.sort()
    floor_ms, floor_rate = statistics.median(floor_trips), statistics.median(rates["celery"])
    celery = "raw Celery round trip"
    return [
        Figure(name=celery, value=floor_ms, unit="ms"),
        Figure(name="raw Celery throughput", value=floor_rate, unit="1/s"),
        Figure(name="POST /jobs", value=statistics.median(submits), unit="ms",
               floor=floor_ms, floor_name=celery),
        Figure(name="warm job, submit to result, p50", value=quantile(trips, 0.5), unit="ms",
               floor=floor_ms, floor_name=celery, target="<= 5 x"),
        Figure(name="warm job, submit to result, p99", value=quantile(trips, 0.99), unit="ms",
               floor=quantile(trips, 0.5), floor_name="its p50", target="<= 2 x"),
        *(
            Figure(name=f"proving who asks by {what}, and counting it", value=proof_ms, unit="ms",
                   floor=quantile(trips, 0.5), floor_name="warm job, p50", target="<= 0.1 x")
            for what, proof_ms in proofs.items()
        ),
        Figure(name="fixed waits of loops in it", value=rested, unit="ms", floor=quantile(trips, 0.5),
               floor_name="its p50", target="0"),
        Figure(name=f"warm jobs, sustained, {CLIENTS} clients that each submit one and wait",
               value=statistics.median(rates["single"]), unit="1/s",
               floor=floor_rate, floor_name="raw Celery throughput", target=">= 0.6 x"),
        Figure(name=f"warm jobs, sustained, submitted {BATCH} at a time",
               value=statistics.median(rates["batch"]), unit="1/s",
               floor=floor_rate, floor_name="raw Celery throughput", target=">= 0.6 x"),
        Figure(name="cancel of a running container, p99", value=quantile(cancels, 0.99), unit="ms",
               target="<= 5000 ms"),
    ]  # fmt: skip


def warm_up(floor: CeleryFloor, client: WarmClient, *, calls: int = 30) -> None:
    """Let every cache on both roads fill."""
    for _ in range(calls):
        floor.round_trip_ms()
        client.run_job_ms()


def rested_ms(platform: Platform) -> float:
    """Return the milliseconds that the loops have rested so far: waits that no slow machine explains."""
    time.sleep(COUNTED_AFTER_S)
    return sum(
        sample.value * 1000
        for family in text_string_to_metric_families(platform.metrics())
        for sample in family.samples
        if sample.name == "satellite_loop_rest_seconds_total"
    )


def times_of_proofs(api: httpx.Client, client: WarmClient, *, calls: int) -> dict[str, float]:
    """Return the milliseconds by which a request takes longer that says who asks; else both are alike."""
    made = api.post("/api-keys", json={"name": "bench"}).raise_for_status().json()
    proofs = {
        "token": {"Authorization": api.headers["Authorization"]},
        "API key": {"Authorization": "", "X-API-Key": made["key"]},
    }
    times = defaultdict(list)
    # In turns, because this machine's speed changes from minute to minute.
    for _ in range(calls):
        times["nobody"].append(client.get_ms("/health", {}))
        for what, headers in proofs.items():
            times[what].append(client.get_ms("/api/v1/users/me", headers))
    return {what: statistics.median(times[what]) - statistics.median(times["nobody"]) for what in proofs}


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


def rate_of_single(platform: Platform, *, jobs: int) -> float:
    """Return jobs per second from first submission to last result, with parallel clients."""

    def work(client: WarmClient) -> None:
        for _ in range(jobs // CLIENTS):
            client.run_job_ms()

    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        # Logged in once and beforehand: hashing a password is made to be slow.
        api = stack.enter_context(platform.api())
        clients = [stack.enter_context(contextlib.closing(WarmClient(api))) for _ in range(CLIENTS)]
        began = time.perf_counter()
        list(pool.map(work, clients))
        return jobs / (time.perf_counter() - began)


def rate_of_batches(client: WarmClient, *, jobs: int) -> float:
    """Return jobs per second from the first submission until no job is unfinished."""
    began = time.perf_counter()
    ids = [job_id for _ in range(jobs // BATCH) for job_id in client.submit_many(BATCH)]
    client.wait_for_all(ids[-1])
    return jobs / (time.perf_counter() - began)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
