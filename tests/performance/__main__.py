"""`make bench`: every figure against its floor, measured in the same run on the same machine.

Writes `build/bench.json` and prints a table. Nothing here passes or fails: it tells.
"""

from __future__ import annotations

import argparse
import json
import platform as machine
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.acceptance.platform import Platform
from tests.performance import containers, floors, jobs, queue, start
from tests.performance.figure import Figure

REPORT = Path("build/bench.json")

PARTS = ["platform", "dispatch"]
"""`dispatch`: what must not grow with the queue or with the jobs stored."""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure; all by default")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    figures: list[Figure] = []
    if "platform" in parts:
        figures += measure_platform(rounds=arguments.rounds)
    if "dispatch" in parts:
        figures += queue.measure(rounds=arguments.rounds)
    report(figures)


def measure_platform(*, rounds: int) -> list[Figure]:
    """Measure a running platform, from its start on."""
    home = Path(tempfile.mkdtemp(prefix="satellite-bench-"))
    home.chmod(0o755)
    platform = Platform(home, arguments=())
    try:
        figures = start.measure(platform)
        figures += containers.measure(platform, rounds=rounds)
        figures += jobs.measure(platform, floor=floors.measure(rounds=rounds), rounds=rounds)
    finally:
        platform.stop()
        shutil.rmtree(home, ignore_errors=True)
    return figures


def report(figures: list[Figure]) -> None:
    """Print the figures as a table and write them as JSON."""
    table = Table("Figure", "Value", "Floor", "Ratio", "Target", title="Satellite bench")
    for figure in figures:
        table.add_row(*figure.row())
    Console(width=130).print(table)
    REPORT.parent.mkdir(exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine.platform(),
        "figures": [figure.as_dict() for figure in figures],
    }
    REPORT.write_text(json.dumps(document, indent=2) + "\n")


main()
