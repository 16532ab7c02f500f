"""What became of the jobs of a chaos run."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Tally:
    """Counts over all submitted jobs, and the seconds each fault took to recover from."""

    seed: int
    submitted: int = 0
    completed: int = 0
    failed_as_meant: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    stuck: list[int] = field(default_factory=list)
    wrongly_failed: list[tuple[int, str]] = field(default_factory=list)
    attempts: int = 0
    recoveries_s: dict[str, list[float]] = field(default_factory=dict)
    duration_s: float = 0

    @property
    def is_clean(self) -> bool:
        """Tell whether the promise held."""
        return not (self.lost or self.doubled or self.stuck or self.wrongly_failed)

    def recovery_rows(self) -> list[tuple[str, int, float, float]]:
        """Return (fault, times, median seconds, longest seconds)."""
        return [
            (fault, len(values), median(values), max(values))
            for fault, values in sorted(self.recoveries_s.items())
        ]
