"""How far a transfer is, told now and then to whoever wants to know."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TELL_EVERY_S: Final = 0.5


class Direction(StrEnum):
    """Which way files go."""

    TO_CLUSTER = "to_cluster"
    FROM_CLUSTER = "from_cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How much of a transfer is done: what was there already counts as done, and not as sent."""

    direction: Direction
    bytes_done: int
    bytes_total: int
    bytes_sent: int
    seconds: float
    is_finished: bool = False

    @property
    def megabytes_per_s(self) -> float:
        """Return the rate so far, of what was sent."""
        return self.bytes_sent / 1e6 / max(self.seconds, 1e-6)


Tell = Callable[[Progress], None]


class Tally:
    """Counts the bytes of one transfer. Safe to use from many threads."""

    def __init__(self, direction: Direction, bytes_total: int, tell: Tell | None) -> None:
        """Begin now, with nothing done."""
        self._direction, self._total, self._tell = direction, bytes_total, tell
        self._began_s = self._told_s = time.monotonic()
        self._guard = threading.Lock()
        self._left = bytes_total
        self.bytes_sent = 0

    def left(self, bytes_left: int) -> None:
        """Note how much is left, which is known anew after each break."""
        with self._guard:
            self._left = bytes_left

    def sent(self, count: int) -> None:
        """Count some bytes, and tell if that was not done lately."""
        with self._guard:
            self.bytes_sent += count
            self._left = max(0, self._left - count)
            now_s = time.monotonic()
            if self._tell is None or now_s - self._told_s < TELL_EVERY_S:
                return
            self._told_s = now_s
            progress = self._progress(is_finished=False)
        self._tell(progress)

    def finish(self) -> None:
        """Tell that all is done."""
        with self._guard:
            self._left = 0
            progress = self._progress(is_finished=True)
        if self._tell is not None:
            self._tell(progress)

    def _progress(self, *, is_finished: bool) -> Progress:
        return Progress(
            direction=self._direction,
            bytes_done=self._total - self._left,
            bytes_total=self._total,
            bytes_sent=self.bytes_sent,
            seconds=time.monotonic() - self._began_s,
            is_finished=is_finished,
        )
