"""What a chaos run is to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The faults and the load under which they strike."""

    faults: Sequence[str]
    """Each strikes at least once."""
    jobs: int
    """The load and the faults go on until so many were submitted."""
    slots: int = 16
    """Jobs that run at once; six times as many wait."""
    runtime: str = "process"
    seed: int = 1
    pause_s: float = 20
    """Seconds from a recovery to the next fault."""
