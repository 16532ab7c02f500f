"""Ports of the analysis server that only remember, without a broker, a disk or a stream."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.run_handle import RunHandle


class RecordingListener:
    """A `RunListener` of a runtime that remembers what it hears; safe to call from any thread."""

    def __init__(self) -> None:
        """Have heard nothing yet."""
        self.fractions: list[tuple[float, str]] = []
        self.lines: list[str] = []
        self.handles: list[RunHandle] = []
        self.heard = threading.Event()

    def progress(self, fraction: float, message: str) -> None:
        """Remember the progress."""
        self.fractions.append((fraction, message))
        self.heard.set()

    def log(self, lines: Sequence[str]) -> None:
        """Remember the lines."""
        self.lines.extend(lines)
        self.heard.set()

    def attachable(self, handle: RunHandle) -> None:
        """Remember the handle."""
        self.handles.append(handle)
        self.heard.set()


class RecordingReporter:
    """A `Reporter` of a worker that remembers what is reported; safe to call from any thread."""

    def __init__(self) -> None:
        """Have taken nothing yet."""
        self.begun: list[StartedReport] = []
        self.outcomes: list[Outcome] = []

    def started(self, report: StartedReport) -> None:
        """Remember that an attempt was claimed, or what its run can be found by."""
        self.begun.append(report)

    def finished(self, outcome: Outcome, *, callbacks: list[dict[str, Any]]) -> None:
        """Remember an outcome; the callbacks have nobody to call."""
        del callbacks
        self.outcomes.append(outcome)
