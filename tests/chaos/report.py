"""Prints and writes the outcome of a chaos run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos.tally import Tally

REPORT = Path("build/chaos.json")


def write_report(tally: Tally) -> None:
    """Print the tables and the story of each job that broke the promise, and write the JSON report."""
    console = Console(width=110)
    console.print(jobs_table(tally))
    console.print(faults_table(tally))
    for strike in tally.idle_strikes:
        console.print(
            f"{strike.fault} met an idle platform: {strike.queued} queued, {strike.running} running"
        )
    for fault in tally.left_out:
        console.print(f"left out, because this machine does not allow it: {fault}")
    for name, stories in tally.broken():
        for story in stories:
            console.print(f"{name}:", story)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(asdict(tally), indent=2, default=str) + "\n")


def jobs_table(tally: Tally) -> Table:
    """Return what came of the jobs: what was asked, what ran, what ended how, what should not be."""
    table = Table("Count", "", title=f"Chaos, seed {tally.seed}, {tally.duration_s:.0f} s")
    sections = (
        {"jobs submitted": tally.submitted, "accepted": tally.accepted},
        {
            "executions (plugins began)": tally.executions,
            "effects (work was done)": tally.effects,
            "  of them repeated": tally.repeated_effects,
            "attempts recorded": tally.attempts,
        },
        {"runs of a workflow": tally.runs, "completed runs": tally.completed_runs},
        {
            "completed": tally.completed,
            "failed as meant": tally.failed_as_meant,
            "cancelled as meant": tally.cancelled_as_meant,
        },
        {name: len(stories) for name, stories in tally.broken()},
    )
    for section in sections:
        for name, value in section.items():
            table.add_row(name, str(value))
        table.add_section()
    return table


def faults_table(tally: Tally) -> Table:
    """Return what each fault met and how long it was felt."""
    table = Table("Fault", "Times", "Fewest queued", "Fewest running", "Median recovery (s)", "Longest (s)")
    for fault, strikes in tally.strikes_by_fault().items():
        recoveries = [strike.recovery_s for strike in strikes]
        table.add_row(
            fault,
            str(len(strikes)),
            str(min(strike.queued for strike in strikes)),
            str(min(strike.running for strike in strikes)),
            f"{median(recoveries):.1f}",
            f"{max(recoveries):.1f}",
        )
    return table
