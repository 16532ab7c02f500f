"""Metrics that gather observations for a moment and hand them on at once.

Shared between processes a metric lives in a mapped file, and each observation costs some 10 µs. A job makes
ten of them, so they are added up in plain numbers first.
"""

from __future__ import annotations

import asyncio
import atexit
from bisect import bisect_left
from typing import Protocol

from prometheus_client import Counter, Histogram

HANDED_ON_AFTER_S = 0.5


class Pending(Protocol):
    """Something gathered that is not handed on yet."""

    def hand_on(self) -> None:
        """Add what was gathered to the metric."""


class TalliedHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, counts: list[int], total: float) -> None:
        """Add a number of observations for each bucket, and the sum of their values."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)

    @property
    def bounds(self) -> list[float]:
        """The upper bounds of the buckets, the last one infinite."""
        return list(self._upper_bounds)


class PendingHistogram:
    """Gathers the observations of one labelled histogram."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_is_pending", "_total")

    def __init__(self, histogram: TalliedHistogram) -> None:
        self._histogram = histogram
        self._bounds = histogram.bounds
        self._counts = [0] * len(self._bounds)
        self._total = 0.0
        self._is_pending = False

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value
        if not self._is_pending:
            self._is_pending = True
            _OUTBOX.put(self)

    def hand_on(self) -> None:
        """Add what was gathered to the histogram."""
        counts, total = self._counts, self._total
        self._counts, self._total, self._is_pending = [0] * len(counts), 0.0, False
        self._histogram.add(counts, total)


class PendingCounter:
    """Gathers the increments of one labelled counter."""

    __slots__ = ("_amount", "_counter")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._amount = 0.0

    def inc(self, amount: float = 1) -> None:
        """Count."""
        if not self._amount:
            _OUTBOX.put(self)
        self._amount += amount

    def hand_on(self) -> None:
        """Add what was gathered to the counter."""
        amount, self._amount = self._amount, 0.0
        self._counter.inc(amount)


class _Outbox:
    """What waits to be handed on, and the timer that does it."""

    def __init__(self) -> None:
        self._waiting: list[Pending] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, pending: Pending) -> None:
        self._waiting.append(pending)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        # The timer of a loop that has ended never comes.
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_later(HANDED_ON_AFTER_S, self.hand_on)

    def hand_on(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, []
        for pending in waiting:
            pending.hand_on()


_OUTBOX = _Outbox()


def hand_on() -> None:
    """Hand on everything gathered in this process now."""
    _OUTBOX.hand_on()


atexit.register(hand_on)
