"""What a plugin writes to stderr: log lines and `::progress` lines, in bounded memory."""

from __future__ import annotations

import re
import time
from collections import deque

import structlog

from analysis_server.runtimes.port import RunListener
from analysis_server.runtimes.run.partial_line import PartialLine
from satellite.contracts.outcome import CapturedLog

logger = structlog.get_logger(__name__)

FLUSH_S = 0.1
LIVE_LINES_PER_S = 200
LIVE_LINE_CHARS = 2_000
TAIL_OF_ERROR_BYTES = 4_096

_PROGRESS = re.compile(rb"^::progress[ \t]+([0-9.eE+-]{1,32})(?:[ \t]+([^\r\n]*))?\r?\n?", re.MULTILINE)


def printable(data: bytes) -> str:
    """Decode what a plugin wrote; NUL, which PostgreSQL's text cannot hold, is replaced."""
    return data.decode("utf-8", "replace").replace("\x00", "\ufffd")


class HeadAndTail:
    """Keeps the beginning and the end of a stream and counts what was left out between them."""

    def __init__(self, max_bytes: int) -> None:
        """Share `max_bytes` evenly between head and tail."""
        self._head = bytearray()
        self._head_room = max_bytes // 2
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._tail_room = max_bytes - self._head_room
        self.total_bytes = 0

    def append(self, data: bytes) -> None:
        """Take the next piece."""
        self.total_bytes += len(data)
        room = self._head_room - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data[-self._tail_room :] if self._tail_room else b"")
        self._tail_bytes += len(self._tail[-1])
        while self._tail and self._tail_bytes - len(self._tail[0]) >= self._tail_room:
            self._tail_bytes -= len(self._tail.popleft())

    def parts(self) -> tuple[bytes, bytes, int]:
        """Return head, tail, and how many bytes are missing between them."""
        tail = b"".join(self._tail)
        tail = tail[max(0, len(tail) - self._tail_room) :]
        return bytes(self._head), tail, self.total_bytes - len(self._head) - len(tail)

    def last(self, count: int) -> bytes:
        """Return the last `count` bytes that were kept."""
        head, tail, omitted = self.parts()
        return tail[-count:] if omitted or len(tail) >= count else (head + tail)[-count:]


class LogCapture:
    """Takes stderr piece by piece; stores head and tail, and tells a listener live, in batches.

    The stored log holds every line up to its limit. Live, at most `LIVE_LINES_PER_S` are passed on, and of
    several progress lines within a flush only the last.
    """

    def __init__(self, listener: RunListener, *, max_bytes: int) -> None:
        """Begin with an empty log."""
        self._listener = listener
        self._kept = HeadAndTail(max_bytes)
        self._partial = PartialLine()
        self._lines: list[str] = []
        self._pending_progress: tuple[float, str] | None = None
        self._flushed_at = time.monotonic()
        self._budget = float(LIVE_LINES_PER_S)
        self._budget_at = self._flushed_at
        self.progress: float | None = None

    @property
    def pending(self) -> bool:
        """Tell whether something waits to be told."""
        return bool(self._lines) or self._pending_progress is not None

    def write(self, data: bytes) -> None:
        """Take the next piece of stderr."""
        complete = self._partial.feed(data)
        if complete:
            self._take_lines(complete)
            self.flush_when_due()

    def flush_when_due(self) -> None:
        """Tell the listener what has come in, unless it was told a moment ago."""
        if self.pending and time.monotonic() - self._flushed_at >= FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Tell the listener now. A listener that fails never harms the run."""
        self._flushed_at = time.monotonic()
        progress, lines = self._pending_progress, self._lines
        self._pending_progress, self._lines = None, []
        try:
            if lines:
                self._listener.log(lines)
            if progress is not None:
                self._listener.progress(*progress)
        except Exception:
            logger.exception("a listener of a run failed")

    def finish(self) -> CapturedLog | None:
        """Take the last line, tell the rest, and return the stored log; None if there is none."""
        rest = self._partial.rest()
        if rest:
            self._take_lines(rest)
        self.flush()
        head, tail, omitted = self._kept.parts()
        if not self._kept.total_bytes:
            return None
        gap = f"\n[{omitted} bytes left out]\n" if omitted else ""
        text = f"{printable(head)}{gap}{printable(tail)}" if omitted else printable(head + tail)
        return CapturedLog.from_text(text, total_bytes=self._kept.total_bytes, omitted_bytes=omitted)

    def tail(self) -> str | None:
        """Return the end of the log, for an error; None if nothing was logged."""
        last = self._kept.last(TAIL_OF_ERROR_BYTES)
        return printable(last) if last else None

    def _take_lines(self, lines: bytes) -> None:
        if b"::progress" in lines:
            lines = _PROGRESS.sub(self._note_progress, lines)
        if lines:
            self._kept.append(lines)
            self._queue_live(lines)

    def _note_progress(self, found: re.Match[bytes]) -> bytes:
        try:
            fraction = float(found[1])
        except ValueError:
            return found[0]
        # A comparison chain, because NaN passes min and max unnoticed.
        self.progress = 1.0 if fraction >= 1 else fraction if fraction > 0 else 0.0
        self._pending_progress = (self.progress, printable(found[2] or b"")[:LIVE_LINE_CHARS])
        return b""

    def _queue_live(self, lines: bytes) -> None:
        now = time.monotonic()
        self._budget = min(LIVE_LINES_PER_S, self._budget + (now - self._budget_at) * LIVE_LINES_PER_S)
        self._budget_at = now
        if self._budget < 1:
            return
        room = int(self._budget)
        # Only as much is decoded as may be told: a flood must cost little.
        told = [printable(line)[:LIVE_LINE_CHARS] for line in lines.split(b"\n", room)[:room] if line]
        self._lines.extend(line.rstrip("\r") for line in told)
        self._budget -= len(told)
