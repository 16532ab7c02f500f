"""Whether the memory of each process stays flat over many jobs.

Warm jobs that do nothing go in by `POST /jobs/batch`, while the proportional set size of every process of the
stack is sampled. A leak shows as growth between the first and the last quarter; a process that fills its
caches shows as growth in the first quarter only.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure
from tests.performance.warm_client import WarmClient

BATCH = 500
SAMPLES_MIN = 20
"""How many samples a run has at least: the quarters need several each."""

SIGNS = {
    "ray::PluginExecutorActor": "executor actor",
    "-m celery -A analysis_server": "worker",
    "operation-server dispatcher": "dispatcher",
    "operation-server results": "results consumer",
    "operation-server api": "API",
    "redis-server": "Redis",
    "celery_app flower": "Flower",
    "analysis-server inference": "direct lane",
    "gcs_server": "Ray's GCS",
    "/raylet": "raylet",
}
"""What a process is called, by a part of its command line."""

REPORTED = ("worker", "executor actor", "dispatcher", "results consumer", "API")
"""What is ours; the others are in the table only."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The memory of each process after so many jobs."""

    jobs: int
    mib: dict[str, float]


def measure(platform: Platform, *, jobs: int) -> list[Figure]:
    """Run the jobs and return, for each process of ours, the growth per 10,000 jobs."""
    began = time.perf_counter()
    with platform.api() as api, contextlib.closing(WarmClient(api)) as client:
        # What the first jobs load is no growth.
        run_batch(client)
        samples = [Sample(jobs=0, mib=memory_by_process(platform))]
        for done in run_all(client, jobs):
            samples.append(Sample(jobs=done, mib=memory_by_process(platform)))
    print_samples(samples, elapsed_s=time.perf_counter() - began)
    return [
        Figure(name=f"growth of the {name} over {jobs:,} jobs", value=growth_per_10_000(samples, name),
               unit="MiB per 10,000 jobs", target="flat (< 1)")
        for name in REPORTED if name in samples[-1].mib
    ]  # fmt: skip


def run_all(client: WarmClient, jobs: int) -> Iterator[int]:
    """Run the jobs in batches and yield after each sampling step how many are done."""
    step = max(BATCH, jobs // SAMPLES_MIN // BATCH * BATCH)
    done = 0
    while done < jobs:
        run_batch(client)
        done += BATCH
        if done % step == 0 or done >= jobs:
            yield done


def run_batch(client: WarmClient) -> None:
    """Submit jobs and wait until all have completed."""
    client.wait_for_all(client.submit_many(BATCH)[-1])


def memory_by_process(platform: Platform) -> dict[str, float]:
    """Return the proportional set size in MiB of the known processes of the stack, by name."""
    assert platform.process is not None
    found: dict[str, float] = {}
    for process in psutil.Process(platform.process.pid).children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            rollup = (Path("/proc") / str(process.pid) / "smaps_rollup").read_text()
        except (OSError, psutil.Error):
            continue
        name = next((name for sign, name in SIGNS.items() if sign in command), None)
        if name is not None:
            kib = next(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
            found[name] = found.get(name, 0) + kib / 1024
    return found


def growth_per_10_000(samples: list[Sample], name: str) -> float:
    """Return by how many MiB a process grew per 10,000 jobs from the first quarter to the last one."""
    quarter = max(1, len(samples) // 4)
    first, last = samples[:quarter], samples[-quarter:]
    jobs = statistics.mean(each.jobs for each in last) - statistics.mean(each.jobs for each in first)
    grown = statistics.mean(each.mib.get(name, 0) for each in last) - statistics.mean(
        each.mib.get(name, 0) for each in first
    )
    return grown / jobs * 10_000 if jobs else 0.0


def print_samples(samples: list[Sample], *, elapsed_s: float) -> None:
    """Print the memory of all processes as it went."""
    names = sorted(samples[-1].mib)
    title = f"PSS in MiB, {samples[-1].jobs:,} jobs in {elapsed_s:.0f} s, {os.cpu_count()} processors"
    table = Table("Jobs", *names, title=title)
    for sample in samples:
        table.add_row(f"{sample.jobs:,}", *(f"{sample.mib.get(name, 0):.1f}" for name in names))
    Console(width=150).print(table)
