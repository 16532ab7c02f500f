"""The slots of a worker: what its tasks take of them, and what shares one with others.

A batch takes one slot, however many jobs it carries, because its jobs wait most of the time: for others to
share their request, or for the batch before theirs. Jobs beyond the first of a batch take a seat in its slot,
so that oneshot plugins and other batches still have the other slots.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from satellite.contracts.task_names import BATCH_HEADER


class Batch(NamedTuple):
    """What jobs that may share a batch have in common."""

    plugin_digest: str
    max_size: int

    @classmethod
    def of(cls, headers: Mapping[str, Any]) -> Batch | None:
        """Return the batch that a message says it belongs to, None for one that runs alone."""
        told = headers.get(BATCH_HEADER)
        return cls(str(told[0]), max(1, int(told[1]))) if told else None


class Slots:
    """Counts what is taken. Safe to use from any thread."""

    def __init__(self, *, slots: int, seats: int) -> None:
        """Begin with everything free; without seats, jobs of batches take slots like any others."""
        self.slots = slots
        self.seats = seats
        self._lock = threading.Lock()
        self._alone = 0
        self._gathered: Counter[Batch] = Counter()

    def take(self, batch: Batch | None) -> None:
        """Count a task that was taken."""
        with self._lock:
            if batch is None or not self.seats:
                self._alone += 1
            else:
                self._gathered[batch] += 1

    def give_back(self, batch: Batch | None) -> None:
        """Count a task that has ended."""
        with self._lock:
            if batch is None or not self.seats:
                self._alone -= 1
                return
            self._gathered[batch] -= 1
            if not self._gathered[batch]:
                del self._gathered[batch]

    @property
    def tasks(self) -> int:
        """Return how many tasks there are."""
        with self._lock:
            return self._alone + self._gathered.total()

    @property
    def taken(self) -> int:
        """Return how many slots are taken."""
        with self._lock:
            return self._alone + self._batches()

    @property
    def free(self) -> int:
        """Return how many slots are free."""
        return max(0, self.slots - self.taken)

    def has_seat(self) -> bool:
        """Tell whether some batch has a seat for one more of its jobs."""
        with self._lock:
            return self._has_seats() and any(
                count % batch.max_size for batch, count in self._gathered.items()
            )

    def needs_seat(self, batch: Batch | None) -> bool:
        """Tell whether one more job belongs into the slot of a batch that is there."""
        with self._lock:
            return batch is not None and bool(self._gathered[batch] % batch.max_size)

    def fits(self, batch: Batch | None) -> bool:
        """Tell whether there is room for one more job."""
        if not self.needs_seat(batch):
            return self.free > 0
        with self._lock:
            return self._has_seats()

    def _batches(self) -> int:
        return sum(-(-count // batch.max_size) for batch, count in self._gathered.items())

    def _has_seats(self) -> bool:
        return self._gathered.total() - self._batches() < self.seats
