"""How a loop that works in batches paces itself: the more comes together, the more each round gathers."""

from __future__ import annotations

import math
import time

MEMORY_S = 0.25
"""How far back "lately" reaches."""
LONGEST_REST_S = 0.04


class Rate:
    """How many came lately, in each second."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._counted_at_s = time.monotonic()

    def count(self, number: int) -> float:
        """Count what came just now, and return the rate."""
        now = time.monotonic()
        self._weight = self._weight * math.exp((self._counted_at_s - now) / MEMORY_S) + number
        self._counted_at_s = now
        return self._weight / MEMORY_S


class Pace:
    """Tells a loop how long to rest after a round: not at all while its jobs come alone.

    A round costs nearly the same whatever it carries. The loop rests for as long as the round took, once for
    each job that shared it with another: so a quick machine rests less than a busy one, where a round every
    40 ms carries eight jobs for the price of one. A rest by the rate of jobs stood 6 to 8 ms in front of a
    client that waits for each of its jobs, half of a warm job's time on a quick machine (2026-11-25).
    """

    def __init__(self) -> None:
        self._company = 0.0

    def rest_s(self, count: int, *, took_s: float) -> float:
        """Return the rest that follows a round of `count` jobs which took `took_s`."""
        if not count:
            return 0.0
        # The mean of this round and those before: two jobs that meet by chance are no crowd yet.
        self._company = (self._company + count - 1) / 2
        return min(LONGEST_REST_S, took_s * self._company) if count > 1 else 0.0
