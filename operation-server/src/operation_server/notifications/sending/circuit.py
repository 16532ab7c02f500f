"""Receivers that fail again and again are tried one message at a time, so that they cost nobody else room."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

OPENS_AFTER: Final = 5
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0


@dataclass(slots=True)
class _Failing:
    failures: int = 0
    pause_s: float = FIRST_PAUSE_S
    open_until: float = 0.0


class Lanes:
    """How many messages each lane may take now; what a process knows of lanes ends with it."""

    def __init__(self, *, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Let each lane have `at_once` messages under way while it works."""
        self._at_once = at_once
        self._clock = clock
        self._failing: dict[str, _Failing] = {}
        self._busy: Counter[str] = Counter()

    def taken(self) -> dict[str, int]:
        """Return the lanes that have not all of their room, and how much of it is taken."""
        taken = dict(self._busy)
        for lane, state in self._failing.items():
            if state.failures < OPENS_AFTER:
                continue
            is_open = self._clock() < state.open_until or self._busy[lane] > 0
            taken[lane] = self._at_once if is_open else self._at_once - 1
        return taken

    def begin(self, lane: str) -> None:
        """Note that a message is under way."""
        self._busy[lane] += 1

    def end(self, lane: str, *, is_well: bool) -> None:
        """Note that one has ended, and whether the receiver works."""
        self._busy[lane] -= 1
        if self._busy[lane] <= 0:
            del self._busy[lane]
        if is_well:
            self._failing.pop(lane, None)
            return
        state = self._failing.setdefault(lane, _Failing())
        state.failures += 1
        if state.failures >= OPENS_AFTER:
            state.open_until = self._clock() + state.pause_s
            state.pause_s = min(2 * state.pause_s, LONGEST_PAUSE_S)
