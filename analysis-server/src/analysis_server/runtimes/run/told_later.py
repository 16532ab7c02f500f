"""What is told live of a run that somebody else began."""

from __future__ import annotations

from collections.abc import Sequence

from analysis_server.runtimes.port import RunListener
from satellite.contracts.run_handle import RunHandle


class ToldLater:
    """A listener to whom nothing is told twice: of what was written before, only where progress stood."""

    def __init__(self, listener: RunListener) -> None:
        """Tell nothing yet."""
        self._listener = listener
        self._progress: tuple[float, str] | None = None
        self.is_open = False

    def open(self) -> None:
        """Tell the latest progress, and from now on everything."""
        self.is_open = True
        if self._progress is not None:
            self._listener.progress(*self._progress)

    def progress(self, fraction: float, message: str) -> None:
        """Take the latest progress."""
        self._progress = (fraction, message)
        if self.is_open:
            self._listener.progress(fraction, message)

    def log(self, lines: Sequence[str]) -> None:
        """Take a batch of log lines."""
        if self.is_open:
            self._listener.log(lines)

    def attachable(self, handle: RunHandle) -> None:
        """Tell on what the run can be found by."""
        self._listener.attachable(handle)
