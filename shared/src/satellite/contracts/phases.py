"""The phases of a job's time."""

from __future__ import annotations

from typing import Final

PHASES: Final = ("queued", "dispatched", "claimed", "prepared", "ran", "reported", "committed")
"""In the order in which they follow each other; `timings` has the milliseconds of each."""
