"""Prints and writes the outcome of a chaos run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.tally import Tally

REPORT = Path("build/chaos.json")


def write_report(tally: Tally) -> None:
    """Print one table and write the JSON report."""
    console = Console(width=100)
    table = Table("Count", "Jobs", title=f"Chaos, seed {tally.seed}, {tally.duration_s:.0f} s")
    for name, value in (
        ("submitted", tally.submitted),
        ("completed", tally.completed),
        ("failed as meant", tally.failed_as_meant),
        ("lost", len(tally.lost)),
        ("doubly effective", len(tally.doubled)),
        ("stuck", len(tally.stuck)),
        ("wrongly failed", len(tally.wrongly_failed)),
        ("attempts", tally.attempts),
    ):
        table.add_row(name, str(value))
    console.print(table)
    recoveries = Table("Fault", "Times", "Median recovery (s)", "Longest (s)")
    for fault, times, middle, longest in tally.recovery_rows():
        recoveries.add_row(fault, str(times), f"{middle:.1f}", f"{longest:.1f}")
    console.print(recoveries)
    for job_id, message in tally.wrongly_failed[:10]:
        console.print(f"job {job_id} failed: {message}")
    for name in ("lost", "doubled", "stuck"):
        if ids := getattr(tally, name):
            console.print(f"{name}: {ids[:20]}")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(asdict(tally), indent=2) + "\n")
