"""What became of the jobs of a chaos run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Strike:
    """One fault, what it met, and the seconds until an urgent job submitted right after it had completed."""

    at: datetime
    fault: str
    queued: int
    running: int
    recovery_s: float

    def __str__(self) -> str:
        """Return the line that is printed meanwhile."""
        return (
            f"{self.at:%H:%M:%S} {self.fault}: {self.queued} queued, {self.running} running, "
            f"recovery {self.recovery_s:.1f} s;"
        )


@dataclass(kw_only=True)
class Tally:
    """Counts over all submitted jobs, and the stories of those to which the promise was broken."""

    seed: int
    submitted: int = 0
    accepted: int = 0
    completed: int = 0
    failed_as_meant: int = 0
    cancelled_as_meant: int = 0
    runs: int = 0
    """Runs of a workflow that were asked for; their steps are among the jobs."""
    completed_runs: int = 0

    attempts: int = 0
    """Attempts that the platform has recorded as ended."""
    executions: int = 0
    """Times that a plugin began, by the marks; more than attempts that completed, because workers die."""
    effects: int = 0
    """Executions that did their work to its end, by the marks."""
    repeated_effects: int = 0
    """Those beyond a job's first: its outcome had died with its worker, so the work was done again."""

    lost: list[dict[str, Any]] = field(default_factory=list)
    """Never accepted, or accepted and not there any more."""
    without_effect: list[dict[str, Any]] = field(default_factory=list)
    """Completed with a result of which no execution has left a mark."""
    doubly_effective: list[dict[str, Any]] = field(default_factory=list)
    """More than one outcome counted, or one submission became two jobs."""
    run_twice: list[dict[str, Any]] = field(default_factory=list)
    """More executions than attempts were dispatched: somebody ran an attempt that was another's."""
    stuck: list[dict[str, Any]] = field(default_factory=list)
    """Not ended in time after the last fault."""
    wrongly_failed: list[dict[str, Any]] = field(default_factory=list)
    """Ended otherwise than its plugin and its user would have it."""

    strikes: list[Strike] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Faults that cannot be done on this machine."""
    start_s: float = 0
    """What the platform took to start, before there was any load."""
    duration_s: float = 0

    @property
    def is_clean(self) -> bool:
        """Tell whether the promise held."""
        return not any(stories for _, stories in self.broken())

    @property
    def idle_strikes(self) -> list[Strike]:
        """Return the faults that met nothing to hurt."""
        return [strike for strike in self.strikes if not (strike.queued and strike.running)]

    def broken(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield each way to break the promise and the jobs to which it happened."""
        yield "lost", self.lost
        yield "completed without effect", self.without_effect
        yield "doubly effective", self.doubly_effective
        yield "run twice in one attempt", self.run_twice
        yield "stuck", self.stuck
        yield "wrongly failed", self.wrongly_failed

    def strikes_by_fault(self) -> dict[str, list[Strike]]:
        """Return the strikes of each fault."""
        found = defaultdict(list)
        for strike in self.strikes:
            found[strike.fault].append(strike)
        return dict(sorted(found.items()))
