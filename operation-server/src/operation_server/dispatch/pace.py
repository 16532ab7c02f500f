"""How a loop that works in batches paces itself: the more comes, the more each round gathers."""

from __future__ import annotations

import math
import time

MEMORY_S = 0.25
"""How far back "lately" reaches."""
REST_PER_RATE_S2 = 0.0002
"""Rest for each job a second.

A round costs some 6 ms whatever it carries (2026-11-21). At 40 jobs/s, one client that waits for each of its
jobs, the rest of 8 ms is over before the next job comes; at 200 jobs/s a round every 40 ms carries eight
jobs for the price of one.
"""
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
    """Tells a loop how long to rest before its next round."""

    def __init__(self) -> None:
        self._rate = Rate()

    def rest_s(self, count: int) -> float:
        """Count a round's jobs, and return the rest that follows the round."""
        return min(LONGEST_REST_S, self._rate.count(count) * REST_PER_RATE_S2)
