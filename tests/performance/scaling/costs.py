"""What was measured, and what a job costs by it: so much a round, so much a job.

The more comes at once, the more jobs share a round of the dispatcher, of the results consumer and of the
loops that wait for them. So each part's cost is a straight line over rounds per job, fitted to all numbers of
clients.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("costs.json")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run with so many clients; CPU milliseconds are those of one job, without what idling costs."""

    clients: int
    jobs: int
    jobs_per_s: float
    p50_ms: float
    p99_ms: float
    busy_cores: float
    """Of the whole machine, by its own count."""
    other_cores: float
    """Those that something else than the platform and its clients kept busy."""
    phases_ms: dict[str, float]
    """Mean of each phase."""
    dispatch_batch: float
    results_batch: float
    reports_per_job: float
    """What a worker tells of a job: its outcome, and its start unless that was over before it was told."""
    cpu_ms: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """How long the dispatcher and the results consumer rest between rounds at most."""

    longest_rest_s: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """All runs on one machine."""

    at: str
    processors: int
    idle_ms_per_s: dict[str, float]
    bytes_per_job: float
    slots: int
    pacing: Pacing
    runs: list[Measured]

    def save(self, file: Path = FILE) -> None:
        file.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")

    @classmethod
    def load(cls, file: Path = FILE) -> Measurement:
        found = json.loads(file.read_text())
        return cls(
            **{
                **found,
                "pacing": Pacing(**found["pacing"]),
                "runs": [Measured(**run) for run in found["runs"]],
            }
        )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU milliseconds of a part."""

    per_job_ms: float
    per_round_ms: float = 0.0

    def of(self, jobs: float) -> float:
        """Return the cost of a round with so many jobs."""
        return self.per_round_ms + self.per_job_ms * jobs

    def each(self, jobs: float) -> float:
        """Return what one of them costs."""
        return self.per_job_ms + self.per_round_ms / max(jobs, 1e-9)


DISPATCH_SIDE = {"dispatcher", "PostgreSQL for dispatcher"}


def fit_costs(runs: Sequence[Measured]) -> dict[str, Cost]:
    """Return the cost of each part."""
    parts = sorted({part for run in runs for part in run.cpu_ms})
    return {part: _fit([_point(run, part) for run in runs]) for part in parts}


def _point(run: Measured, part: str) -> tuple[float, float]:
    batch = run.dispatch_batch if part in DISPATCH_SIDE else run.results_batch
    return 1 / batch, max(0.0, run.cpu_ms.get(part, 0.0))


def _fit(points: Sequence[tuple[float, float]]) -> Cost:
    """Least squares with neither term below zero."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    if slope <= 0:
        return Cost(per_job_ms=mean_y)
    if mean_y < slope * mean_x:
        squares = sum(x * x for x, _ in points)
        return Cost(per_job_ms=0.0, per_round_ms=sum(x * y for x, y in points) / squares)
    return Cost(per_job_ms=mean_y - slope * mean_x, per_round_ms=slope)
