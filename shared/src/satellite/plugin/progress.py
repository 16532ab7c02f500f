"""Progress: a line on stderr that is not part of the log."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Sequence

STDERR = 2
MAX_MESSAGE = 200
"""With this limit a line is shorter than PIPE_BUF, so lines of several threads never mix."""


class ProgressLines:
    """Writes progress lines for the jobs being worked on; without ids for the only job of a oneshot."""

    def __init__(self) -> None:
        self._ids: Sequence[str] = ()
        self._last: tuple[int, str] | None = None
        self.begin_marks = False
        """Whether it is told where the log lines of a request begin."""
        self.end_marks = False
        """Whether it is told where they end."""

    def begin(self, ids: Sequence[str] = ()) -> None:
        """Tell whose progress is reported from now on."""
        self._ids = ids
        self._last = None

    def write(self, fraction: float, message: str) -> None:
        """Write one line per job, unless it would say the same as the last one."""
        text = " ".join(str(message).split())[:MAX_MESSAGE]
        # A thousand steps are finer than any progress bar; a tight loop must not flood the log.
        said = (round(min(max(fraction, 0.0), 1.0) * 1000) if fraction == fraction else 0, text)  # noqa: PLR0124
        if said == self._last:
            return
        self._last = said
        rest = f" {said[0] / 1000:g} {text}".rstrip() + "\n"
        _write([f"::progress@{job}{rest}" for job in self._ids] or [f"::progress{rest}"])

    def begin_request(self, first_id: str) -> None:
        """Tell that what is logged from now on is of a request; the first id in it names it."""
        # The line break ends what an earlier request may have left unfinished.
        _write([f"\n::begin@{first_id}\n"] if self.begin_marks else [])

    def end_request(self, first_id: str) -> None:
        """Write the last log lines of a request, and tell that it was all."""
        self._ids = ()
        _write([f"::end@{first_id}\n"] if self.end_marks else [])


def _write(lines: Sequence[str]) -> None:
    """Write to stderr, after what `print` holds back."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    for line in lines:
        with contextlib.suppress(OSError):
            os.write(STDERR, line.encode("utf-8", "replace"))


lines = ProgressLines()


def report_progress(fraction: float, message: str = "") -> None:
    """Tell how far the job is: 0 is the start, 1 the end; the message is one short line.

    May be called as often as you like and from any thread. In a batch it speaks for all its jobs.
    """
    lines.write(float(fraction), message)


def report_metrics(fraction: float, **metrics: float) -> None:
    """Tell how far a training is, and numbers of it: `report_metrics(0.4, step=200, loss=0.31)`.

    What is not finite is told as null. Of several calls within a tenth of a second the last is told.

    Raises:
        ValueError: names and numbers are longer than 200 characters together.
    """
    # Numbers of NumPy and of other libraries are none to JSON.
    numbers = {name: value if isinstance(value, int) else float(value) for name, value in metrics.items()}
    told = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    text = json.dumps(told, separators=(",", ":"))
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"the metrics take {len(text)} characters, and at most {MAX_MESSAGE} are told")
    lines.write(float(fraction), text)
