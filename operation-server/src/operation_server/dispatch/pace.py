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


class Pace:
    """Counts what came lately, and tells how long to rest before the next round."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._counted_at_s = time.monotonic()

    def rest_s(self, count: int) -> float:
        """Count a round's jobs, and return the rest that follows the round."""
        now = time.monotonic()
        self._weight = self._weight * math.exp((self._counted_at_s - now) / MEMORY_S) + count
        self._counted_at_s = now
        return min(LONGEST_REST_S, self._weight / MEMORY_S * REST_PER_RATE_S2)
