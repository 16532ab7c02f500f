"""The port by which attempts report: nothing reported is lost, and nobody waits for the broker."""

from __future__ import annotations

from typing import Any, Protocol

from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome


class Reporter(Protocol):
    """Takes reports from any thread."""

    def started(self, report: StartedReport) -> None:
        """Report soon that an attempt was claimed, or has a handle; dropped if its outcome comes first."""

    def finished(self, outcome: Outcome, *, callbacks: list[dict[str, Any]]) -> None:
        """Report an outcome: to the broker, or to the disk until the broker takes it."""
