"""Measures on a running platform what a warm job costs each process, at several numbers of clients."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from datetime import UTC, datetime

import httpx
import psutil
import psycopg

from operation_server.dispatch import pace
from satellite.contracts.phases import PHASES
from tests.acceptance.platform import Platform, running_platform
from tests.performance.scaling.costs import Measured, Measurement, Pacing
from tests.performance.scaling.load import run
from tests.performance.scaling.processes import cpu_ms, environment_of

JOBS = {1: 150, 4: 400, 16: 960, 64: 1280}
IDLE_S = 6.0
SETTLE_S = 1.5
"""Marks, events and counts that follow a job belong to it."""


def measure() -> Measurement:
    """Start a platform, load it, and return what was measured."""
    with running_platform("--no-demo", "--runtime", "process") as platform:
        return _measure(platform)


def _measure(platform: Platform) -> Measurement:
    assert platform.process is not None
    root = psutil.Process(platform.process.pid)
    token = _token(platform)
    run(port=platform.port, token=token, clients=4, jobs=200)
    time.sleep(SETTLE_S)
    idle = _idle(root)
    bytes_before, jobs_before = _database(root)
    runs = [_run(platform, root, token, idle, clients) for clients in JOBS]
    bytes_after, jobs_after = _database(root)
    with platform.api() as api:
        slots = sum(worker["slots"] for worker in api.get("/workers").json()["items"])
    return Measurement(
        at=datetime.now(UTC).date().isoformat(),
        processors=os.cpu_count() or 1,
        idle_ms_per_s=idle,
        bytes_per_job=(bytes_after - bytes_before) / (jobs_after - jobs_before),
        slots=slots,
        pacing=Pacing(longest_rest_s=pace.LONGEST_REST_S),
        runs=runs,
    )


def _run(
    platform: Platform, root: psutil.Process, token: str, idle: dict[str, float], clients: int
) -> Measured:
    own = psutil.Process()
    counts, used, client = _counts(platform), cpu_ms(root), own.cpu_times()
    began = time.perf_counter()
    psutil.cpu_percent()
    load = run(port=platform.port, token=token, clients=clients, jobs=JOBS[clients])
    busy = psutil.cpu_percent() / 100 * (os.cpu_count() or 1)
    client_after = own.cpu_times()
    time.sleep(SETTLE_S)
    counts_after, used_after = _counts(platform), cpu_ms(root)
    elapsed_s = time.perf_counter() - began
    jobs = len(load.latencies_ms)
    spent = {
        part: max(0.0, used_after[part] - used[part] - idle.get(part, 0.0) * elapsed_s) / jobs
        for part in used_after
    }
    spent["client"] = (sum(client_after[:2]) - sum(client[:2])) * 1000 / jobs
    own_cores = (sum(spent.values()) * load.jobs_per_s + sum(idle.values())) / 1000
    grown = counts_after - counts
    return Measured(
        clients=clients,
        jobs=jobs,
        jobs_per_s=round(load.jobs_per_s, 2),
        p50_ms=round(load.quantile_ms(0.5), 2),
        p99_ms=round(load.quantile_ms(0.99), 2),
        busy_cores=round(busy, 2),
        other_cores=round(max(0.0, busy - own_cores), 2),
        phases_ms={phase: round(load.mean_ms(phase), 2) for phase in (*PHASES, "total")},
        dispatch_batch=round(jobs / grown["satellite_dispatch_batch_jobs_count"], 3),
        results_batch=round(jobs / grown["satellite_results_batch_reports_count"], 3),
        reports_per_job=round(grown["satellite_results_batch_reports_sum"] / jobs, 3),
        cpu_ms={part: round(value, 3) for part, value in sorted(spent.items())},
    )


def _idle(root: psutil.Process) -> dict[str, float]:
    """Return the CPU milliseconds a second that each part uses while nothing happens."""
    before = cpu_ms(root)
    time.sleep(IDLE_S)
    after = cpu_ms(root)
    return {part: round((after[part] - before[part]) / IDLE_S, 2) for part in sorted(after)}


def _counts(platform: Platform) -> Counter[str]:
    return Counter(
        {
            name: float(value)
            for name, value in re.findall(
                r"^(\w+_(?:count|sum)) ([0-9.e+]+)$", platform.metrics(), re.MULTILINE
            )
        }
    )


def _database(root: psutil.Process) -> tuple[int, int]:
    """Return the bytes of the tables that grow with jobs, and the number of jobs."""
    url = environment_of(root, "API")["SATELLITE_DATABASE_URL"].replace("+psycopg", "")
    tables = ("jobs", "job_attempts", "job_events", "job_logs")
    with psycopg.connect(url, autocommit=True) as connection:
        sizes = connection.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name",
            (list(tables),),
        ).fetchone()
        jobs = connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert sizes is not None
    assert jobs is not None
    return int(sizes[0]), int(jobs[0])


def _token(platform: Platform) -> str:
    credentials = json.loads((platform.home / "credentials.json").read_text())
    answer = httpx.post(
        f"{platform.url}/api/v1/auth/token",
        json={"username": credentials["username"], "password": credentials["password"]},
    )
    token: str = answer.raise_for_status().json()["access_token"]
    return token
