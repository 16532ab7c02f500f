"""The slots of a worker: what its tasks take of them, and what shares one with others.

A batch takes one slot, however many jobs it carries, because its jobs wait most of the time: for others to
share their request, or for the batch before theirs. Jobs beyond the first of a batch take a seat in its slot,
so that oneshot plugins and other batches still have the other slots.

A job that was there when several workers died may be what killed them. It runs alone: no other message is
taken until its end, and it begins when the jobs that were there before have ended.

Slots that are closed take nothing at all, because an admin has drained the worker.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from satellite.contracts.task_names import BATCH_HEADER

ALONE_PATIENCE_S = 60.0
"""Jobs that were there before may take days; after so long it runs beside them, and nothing joins them."""
LOOK_AGAIN_S = 0.5


class Batch(NamedTuple):
    """What jobs that may share a batch have in common."""

    plugin_digest: str
    max_size: int

    @classmethod
    def of(cls, headers: Mapping[str, Any]) -> Batch | None:
        """Return the batch that a message says it belongs to, None for one that is in none."""
        told = headers.get(BATCH_HEADER)
        return cls(str(told[0]), max(1, int(told[1]))) if told else None


class Slots:
    """Counts what is taken. Safe to use from any thread."""

    def __init__(self, *, slots: int, seats: int) -> None:
        """Begin with everything free; without seats, jobs of batches take slots like any others."""
        self.slots = slots
        self.seats = seats
        self._lock = threading.Condition()
        self._single = 0
        self._gathered: Counter[Batch] = Counter()
        self._to_run_alone = 0
        self._runs_alone = False
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Tell whether nothing more is to be taken."""
        return self._is_closed

    def close(self) -> None:
        """Let nothing more be taken; what is there goes on."""
        self._is_closed = True

    def open(self) -> None:
        """Let tasks be taken again."""
        self._is_closed = False

    def take(self, batch: Batch | None) -> None:
        """Count a task that was taken."""
        with self._lock:
            if batch is None or not self.seats:
                self._single += 1
            else:
                self._gathered[batch] += 1

    def give_back(self, batch: Batch | None) -> None:
        """Count a task that has ended."""
        with self._lock:
            if batch is None or not self.seats:
                self._single -= 1
            else:
                self._gathered[batch] -= 1
                if not self._gathered[batch]:
                    del self._gathered[batch]
            self._lock.notify_all()

    @contextlib.contextmanager
    def alone(self, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Let no task be taken beside the caller's until the block ends; entered when the others have ended.

        Entered beside them if that takes longer than `ALONE_PATIENCE_S`, or if the caller shall stop anyway.
        """
        with self._lock:
            self._to_run_alone += 1
        is_alone = False
        try:
            is_alone = self._wait_for_others(is_stopped)
            yield
        finally:
            with self._lock:
                self._to_run_alone -= 1
                self._runs_alone = self._runs_alone and not is_alone
                self._lock.notify_all()

    @property
    def tasks(self) -> int:
        """Return how many tasks there are."""
        with self._lock:
            return self._single + self._gathered.total()

    @property
    def taken(self) -> int:
        """Return how many slots are taken."""
        with self._lock:
            return self._single + self._batches()

    @property
    def free(self) -> int:
        """Return how many slots are free: none while closed, and for others while a task is to run alone."""
        with self._lock:
            return 0 if self._takes_none() else max(0, self.slots - self.taken)

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

    def _wait_for_others(self, is_stopped: Callable[[], bool]) -> bool:
        until_s = time.monotonic() + ALONE_PATIENCE_S
        with self._lock:
            # Several may have come before the first of them was looked at: they run one after the other.
            while self.tasks > self._to_run_alone or self._runs_alone:
                if is_stopped() or time.monotonic() >= until_s:
                    return False
                self._lock.wait(LOOK_AGAIN_S)
            self._runs_alone = True
        return True

    def _batches(self) -> int:
        return sum(-(-count // batch.max_size) for batch, count in self._gathered.items())

    def _has_seats(self) -> bool:
        return not self._takes_none() and self._gathered.total() - self._batches() < self.seats

    def _takes_none(self) -> bool:
        return self._is_closed or bool(self._to_run_alone)
