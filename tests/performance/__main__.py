"""`make bench`: every figure against its floor, measured in the same run on the same machine.

Writes `build/bench.json` and prints a table. Nothing here passes or fails: it tells.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.platform import fresh_platform, running_platform
from tests.performance import (
    batching,
    clusters,
    containers,
    direct_lane,
    fanout,
    inference,
    jobs,
    memory,
    queue,
    rabbitmq,
    schedules,
    standby,
    start,
    workflows,
)
from tests.performance.console import figures as console
from tests.performance.figure import Figure
from tests.performance.report import report

REPORT = Path("build/bench.json")
MEMORY_REPORT = Path("build/bench-memory.json")
CLUSTERS_REPORT = Path("build/bench-clusters.json")

ON_PLATFORM: dict[str, Callable[..., list[Figure]]] = {
    "containers": containers.measure,
    "standby": standby.measure,
    "jobs": jobs.measure,
    "fanout": fanout.measure,
    "inference": inference.measure,
    "workflows": workflows.measure,
}
"""What is measured on a running platform, after its start."""

ALONE: dict[str, Callable[..., list[Figure]]] = {
    "batch": batching.measure,
    "console": console.measure,
    "direct": direct_lane.measure,
    "dispatch": queue.measure,
    "rabbitmq": rabbitmq.measure,
    "schedules": schedules.measure,
}
"""What needs none, or some of its own. `dispatch`: what must not grow with the queue or the jobs stored."""

PARTS = ["start", *ON_PLATFORM, *ALONE, "memory", "clusters"]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--jobs", type=int, default=50_000, help="jobs of the part `memory`")
    parser.add_argument(
        "parts", nargs="*", choices=[[], "platform", *PARTS],
        help="what to measure; all but `memory` and `clusters` by default; `platform` is all on one",
    )  # fmt: skip
    arguments = parser.parse_args()
    parts = set(arguments.parts or ["platform", *ALONE])
    if "memory" in parts:
        with running_platform() as running:
            running.wait_models_installed()
            report(memory.measure(running, jobs=arguments.jobs), MEMORY_REPORT)
        parts.remove("memory")
    if "clusters" in parts:
        report(clusters.measure(rounds=arguments.rounds), CLUSTERS_REPORT)
        parts.remove("clusters")
    if parts:
        report(measure(parts, rounds=arguments.rounds), REPORT)


def measure(parts: set[str], *, rounds: int) -> list[Figure]:
    """Measure the parts in their order."""
    if "platform" in parts:
        parts |= {"start", *ON_PLATFORM}
    figures: list[Figure] = []
    if parts & {"start", *ON_PLATFORM}:
        figures += measure_platform(parts, rounds=rounds)
    for name, measure_part in ALONE.items():
        if name in parts:
            figures += measure_part(rounds=rounds)
    return figures


def measure_platform(parts: set[str], *, rounds: int) -> list[Figure]:
    """Measure a running platform, from its start on."""
    with fresh_platform() as running:
        figures = start.measure(running)
        # They are installed after the first job, and would be measured with what comes next.
        running.wait_models_installed()
        for name, measure_part in ON_PLATFORM.items():
            if name in parts:
                figures += measure_part(running, rounds=rounds)
    return figures if "start" in parts else figures[start.FIGURES :]


main()
