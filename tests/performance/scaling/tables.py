"""The tables of docs/scaling.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.performance.scaling.check import Comparison
from tests.performance.scaling.costs import DISPATCH_SIDE, Measurement
from tests.performance.scaling.growth import ENOUGH_CORES, Step
from tests.performance.scaling.model import RESULTS_AT_MOST, Behaviour

ON_THE_ROAD = (
    "API", "PostgreSQL for API", "dispatcher", "PostgreSQL for dispatcher", "Redis", "worker", "executor",
    "plugin", "results consumer", "PostgreSQL for results consumer", "PostgreSQL otherwise", "Flower", "Ray",
    "supervisor", "client",
)  # fmt: skip
PARALLEL = {"PostgreSQL", "Ray", "client", "supervisor"}
"""Not one process that does one thing at a time."""


def costs_table(measurement: Measurement, behaviour: Behaviour) -> str:
    """Return what each stop costs, by the number of clients, and where one process of it ends."""
    rows: list[list[str]] = []
    for part in ON_THE_ROAD:
        measured = [run.cpu_ms.get(part, 0.0) for run in measurement.runs]
        cost = behaviour.costs.get(part)
        if cost is None or not any(measured):
            continue
        alone = part.split()[0] not in PARALLEL
        least_ms = cost.each(RESULTS_AT_MOST)
        ends = f"{1000 / least_ms:,.0f}" if alone and least_ms else ""
        rows.append(
            [
                part,
                *(f"{ms:.2f}" for ms in measured),
                _formula(part, cost.per_job_ms, cost.per_round_ms),
                ends,
            ]
        )
    totals = [sum(run.cpu_ms.values()) for run in measurement.runs]
    rows.append(["**all**", *(f"**{ms:.1f}**" for ms in totals), "", ""])
    heads = [f"{run.clients} clients" for run in measurement.runs]
    return table(["CPU ms a job", *heads, "fitted: a job + a round", "one process ends at, jobs/s"], rows)


def _formula(part: str, per_job_ms: float, per_round_ms: float) -> str:
    shared = "d" if part in DISPATCH_SIDE else "r"
    return f"{per_job_ms:.2f} + {per_round_ms:.2f}/{shared}"


def check_table(comparisons: Sequence[Comparison]) -> str:
    """Return measured and simulated figures side by side."""
    rows = [
        [
            str(each.measured.clients),
            f"{each.measured.jobs_per_s:.1f}",
            f"{each.simulated.jobs_per_s:.1f}",
            f"{each.throughput_error:+.0%}",
            f"{each.measured.p50_ms:.0f}",
            f"{each.simulated.p50_ms:.0f}",
            f"{each.latency_error:+.0%}",
            f"{each.measured.results_batch:.1f}",
            f"{each.simulated.jobs_a_round:.1f}",
            f"{each.measured.other_cores:.2f}",
        ]
        for each in comparisons
    ]
    return table(
        [
            "clients", "jobs/s", "simulated", "error", "p50 ms", "simulated", "error", "jobs a round",
            "simulated", "cores busy with other things",
        ],
        rows,
    )  # fmt: skip


def cores_table(steps: Iterable[Step]) -> str:
    """Return what one of each process does on machines of several sizes."""
    rows = [
        [
            f"{step.size.cores:g}",
            f"{step.result.jobs_per_s:.0f}",
            f"{step.result.p50_ms:.0f}",
            _busiest(step),
            step.saturated,
        ]
        for step in steps
    ]
    return table(["cores", "jobs/s", "p50 ms", "busiest", "what saturates"], rows)


def growth_table(steps: Iterable[Step]) -> str:
    """Return what happens while what saturates is multiplied."""
    rows = [
        [
            str(step.size.api), str(step.size.workers), str(step.size.shards), str(step.size.redis),
            f"{step.result.jobs_per_s:.0f}", f"{step.result.p50_ms:.0f}",
            f"{sum(step.result.cores.values()):.1f}", f"{step.result.cores_of('PostgreSQL'):.1f}",
            _busiest(step), step.saturated,
        ]
        for step in steps
    ]  # fmt: skip
    return table(
        [
            "API", "workers", "dispatchers, results consumers", "Redis", "jobs/s", "p50 ms", "cores used",
            "of them PostgreSQL", "busiest", "what saturates",
        ],
        rows,
    )  # fmt: skip


def _busiest(step: Step) -> str:
    processes = {part: busy for part, busy in step.result.busy.items() if part != "cores"}
    return ", ".join(
        f"{part} {processes[part]:.0%}" for part in sorted(processes, key=lambda p: -processes[p])[:2]
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def whole(
    measurement: Measurement,
    behaviour: Behaviour,
    comparisons: Sequence[Comparison],
    cores: Iterable[Step],
    growth: Iterable[Step],
) -> str:
    """Return all that is measured and simulated, for the document."""
    worst = max(abs(error) for c in comparisons for error in (c.throughput_error, c.latency_error))
    return f"""\
Measured on {measurement.at}, {measurement.processors} cores, {measurement.slots} slots, everything and the
load generator on the same machine. A job leaves {measurement.bytes_per_job:,.0f} bytes in PostgreSQL.

### What a job costs

{costs_table(measurement, behaviour)}

`d` jobs share a round of the dispatcher, `r` one of the results consumer. Where a process ends is computed
with {RESULTS_AT_MOST} jobs a round, and without the rests between rounds.

### Does the simulation tell the truth?

{check_table(comparisons)}

The largest error is {worst:.0%}. {behaviour.on_path:.0%} of a job's work is waited for, the rest follows the
answer; {behaviour.wait_ms:.1f} ms of a job's time is no CPU. Both are set so that one client alone is met.

### One of each, on larger machines

{cores_table(cores)}

### One more of what saturates, {ENOUGH_CORES} cores

{growth_table(growth)}
"""
