"""Takes messages while slots are free, and at once when one becomes free.

Celery's `worker_disable_prefetch` keeps a worker from taking more than it has slots for, but nothing wakes
its loop when a slot becomes free: with short jobs the loop slept up to a quarter of a second, until its next
timer, while messages lay in the queue (2026-11-21: 116 jobs/s so, 150 with the loop woken).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from celery import bootsteps
from celery.concurrency.thread import TaskPool
from celery.worker.consumer.tasks import Tasks

from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts.task_names import CANARY

LOOK_AGAIN_S = 0.25
"""After a message for which there was no room, the next look is so much later."""


class FreeSlots:
    """Tells the worker's loop what it may take, and wakes it when its threads have made room."""

    def __init__(self, slots: Slots, *, wake: Callable[[], Any]) -> None:
        """Take the count, and what wakes the loop from another thread."""
        self.slots = slots
        self._wake = wake
        self._is_awaited = False
        self._lacked_seat = False
        self._look_after_s = 0.0

    def count(self) -> int:
        """Return how many messages may be taken; after an answer of none the loop is woken when one may.

        With all slots taken it is one, to be looked at, while a batch has a seat for more of its jobs.
        """
        # Awaited before the look: what becomes free in between is either seen or told of.
        self._is_awaited = True
        free = self._count()
        self._is_awaited = free == 0
        return free

    def _count(self) -> int:
        free, has_seat = self.slots.free, self.slots.has_seat()
        what_was_missing = has_seat if self._lacked_seat else free
        if not what_was_missing and time.monotonic() < self._look_after_s:
            return 0
        return free or int(has_seat)

    def accept(self, headers: Mapping[str, Any]) -> bool:
        """Tell whether there is room for a message that came.

        If not, none is looked at until there is, or for a while, in which another worker may have taken it.
        """
        batch = Batch.of(headers)
        # A canary is over at once, and would be in the way of those behind it.
        if headers.get("task") == CANARY or self.slots.fits(batch):
            return True
        self._lacked_seat = self.slots.needs_seat(batch)
        self._look_after_s = time.monotonic() + LOOK_AGAIN_S
        return False

    def is_busy(self) -> bool:
        """Tell whether more than one task is under way."""
        return self.slots.tasks > 1

    def tell(self) -> None:
        """Wake the loop if it waits for a free slot."""
        if self._is_awaited:
            self._is_awaited = False
            self._wake()


class SlotPool(TaskPool):  # type: ignore[misc]
    """Celery's thread pool, which counts its tasks, and tells when a thread is done with one."""

    free_slots: FreeSlots | None = None

    def on_apply(self, target: Any, args: Any = None, *more: Any, **options: Any) -> Any:
        """Give a task to a thread."""
        result = super().on_apply(target, args, *more, **options)
        if self.free_slots is not None:
            # Of a request Celery hands on the type, the id and the headers first.
            batch = Batch.of(args[2]) if len(args) > 2 else None
            self.free_slots.slots.take(batch)
            result.f.add_done_callback(partial(self._done, self.free_slots.slots, batch))
        return result

    def _done(self, slots: Slots, batch: Batch | None, _: object) -> None:
        slots.give_back(batch)
        # Another one by now, if the worker had to connect anew.
        if self.free_slots is not None:
            self.free_slots.tell()


class TakeWhileFree(bootsteps.StartStopStep):  # type: ignore[misc]
    """Ties the channel that tasks come from to the slots they run in."""

    requires = (Tasks,)

    def start(self, consumer: Any) -> None:
        """Begin to count; called again after each reconnection, on a new channel."""
        free_slots = FreeSlots(consumer.app.slots, wake=lambda: consumer.hub.call_soon(_look))
        consumer.pool.free_slots = free_slots
        consumer.task_consumer.channel.qos.free_slots = free_slots


def _look() -> None:
    """Do nothing: a turn of the loop is what was wanted."""
