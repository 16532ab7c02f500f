"""How long to wait before a host is dialled again, and how often it is dialled at most."""

from __future__ import annotations

import math
import random
import time
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0
BETWEEN_DIALS_S: Final = 1.0


class Backoff:
    """From 1 to 60 s, longer after each failure, spread so that many do not come back together."""

    def __init__(self) -> None:
        """Begin without a failure."""
        self._failures = 0
        self._not_before_s = 0.0

    @property
    def left_s(self) -> float:
        """Return how long to wait still."""
        return max(0.0, self._not_before_s - time.monotonic())

    def note_failure(self) -> None:
        """Wait longer than after the failure before."""
        pause_s = min(LONGEST_S, FIRST_S * 2 ** min(self._failures, 30))
        self._failures += 1
        self._not_before_s = time.monotonic() + random.uniform(max(FIRST_S, pause_s / 2), pause_s)  # noqa: S311

    def stop(self) -> None:
        """Never dial again."""
        self._not_before_s = math.inf

    def note_success(self) -> None:
        """Dial the next time after a second at most."""
        self._failures = 0
        self._not_before_s = time.monotonic() + BETWEEN_DIALS_S
