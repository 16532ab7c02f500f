"""Messages that RabbitMQ has brought and for which no slot is free: they are held until one is.

RabbitMQ brings as many messages of each queue as there are slots, and counts those that nobody acknowledged.
With several queues, with batches, or after a reconnection that is more than there is room for. What is held
is not acknowledged, so that it goes to others when this worker's connection ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from celery import bootsteps
from celery.concurrency.thread import ApplyResult
from celery.worker.consumer.delayed_delivery import DelayedDelivery
from celery.worker.consumer.tasks import Tasks
from celery.worker.request import Request

from analysis_server.lifecycle.free_slots import FreeSlots, SlotPool
from analysis_server.lifecycle.slots import Batch
from satellite.contracts.task_names import BATCH_HEADER, CANARY


class HeldTask(NamedTuple):
    """A task that waits for room."""

    batch: Batch | None
    begin: Callable[[], Any]


class HoldingPool(SlotPool):
    """The thread pool of a worker on RabbitMQ: tasks begin in the order in which there is room for them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Hold nothing yet."""
        super().__init__(*args, **options)
        self._held: list[HeldTask] = []
        self._lock = threading.RLock()
        self._is_closing = False

    def on_apply(self, target: Any, args: Any = None, *more: Any, **options: Any) -> Any:
        """Give a task to a thread, or hold it; a canary is over at once and needs no slot."""
        begin = partial(super().on_apply, target, args, *more, **options)
        if self.free_slots is None or args is None or args[0] == CANARY:
            return begin()
        with self._lock:
            self._held.append(HeldTask(Batch.of(args[2]), begin))
            self._begin_held()
        # Celery looks at it to end a task by force, which threads cannot do.
        return ApplyResult(Future())

    def flush(self) -> None:
        """Forget what is held: the connection it came by has ended, and it will be delivered again."""
        with self._lock:
            self._held.clear()

    def on_close(self) -> None:
        """Begin no more: the worker drains, and what is held goes back when its connection ends."""
        with self._lock:
            self._is_closing = True
        super().on_close()

    def _done(self, *task: Any) -> None:
        super()._done(*task)
        with self._lock:
            self._begin_held()

    def _begin_held(self) -> None:
        if self.free_slots is None or self._is_closing:
            return
        for held in self._held.copy():
            if self.free_slots.slots.fits(held.batch):
                self._held.remove(held)
                held.begin()


class HoldBeyondSlots(bootsteps.StartStopStep):  # type: ignore[misc]
    """Has RabbitMQ bring what there are slots for, and the pool hold what is more."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        """Ask for as many messages of each queue as there are slots, not as there are threads."""
        consumer.initial_prefetch_count = consumer.app.slots.slots
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Begin to count; called again after each reconnection."""
        consumer.pool.free_slots = FreeSlots(consumer.app.slots, wake=lambda: None)


class SlotRequest(Request):  # type: ignore[misc]
    """A message that is acknowledged at its task's end, unless the task shares its slot with others."""

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """Acknowledge a batch's job as it begins: RabbitMQ would bring no more of them than slots."""
        super().on_accepted(pid, time_accepted)
        if BATCH_HEADER in self.request_dict:
            self.acknowledge()


class LostConnection(logging.Filter):
    """Makes one quiet line of what Celery calls critical, with a traceback for each task that was under way.

    What came by a connection that has ended is delivered again, and the claim of its attempt drops it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if str(record.msg).startswith("Couldn't ack"):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.exc_info = record.exc_text = None
        return True


def tell_lost_connections_quietly() -> None:
    """Filter what is logged of messages that cannot be acknowledged any more."""
    logging.getLogger("celery.worker.request").addFilter(LostConnection())


def use_no_delays() -> None:
    """Keep Celery from two things that quorum queues need only for its own delayed tasks.

    Where it finds a quorum queue it declares 28 queues for delays, and where it finds none it asks for a kind
    of prefetch that quorum queues refuse.
    """
    Tasks.qos_global = lambda *_: False
    DelayedDelivery.include_if = lambda *_: False
