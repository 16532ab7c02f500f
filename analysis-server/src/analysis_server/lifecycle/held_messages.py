"""Messages that RabbitMQ has brought and for which no slot is free: they are held until one is.

RabbitMQ brings as many messages of each queue as there are slots, and counts those that nobody acknowledged.
With several queues, with batches, or after a reconnection that is more than there is room for. What is held
is not acknowledged, so that it goes to others when this worker's connection ends.

A drained worker tells RabbitMQ to bring it nothing more, and returns what it holds: it stays connected, and
until it is resumed nobody else would get these messages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, NamedTuple

from celery import bootsteps
from celery.concurrency.thread import ApplyResult
from celery.worker import state
from celery.worker.consumer.delayed_delivery import DelayedDelivery
from celery.worker.consumer.tasks import Tasks
from celery.worker.request import Request

from analysis_server.lifecycle.free_slots import FreeSlots, SlotPool
from analysis_server.lifecycle.slots import Batch
from satellite.contracts.task_names import BATCH_HEADER, CANARY, CANARY_QUEUE_PREFIX

LOOK_EVERY_S: Final = 0.5
"""So often it is looked whether the worker was drained or resumed."""


class HeldTask(NamedTuple):
    """A task that waits for room."""

    id: str
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
            self._held.append(HeldTask(args[1], Batch.of(args[2]), begin))
            self.begin_held()
        # Celery looks at it to end a task by force, which threads cannot do.
        return ApplyResult(Future())

    def flush(self) -> None:
        """Forget what is held: the connection it came by has ended, and it will be delivered again."""
        with self._lock:
            self._held.clear()

    def return_held(self) -> None:
        """Return what is held to its queues, where others may take it."""
        with self._lock:
            returned = [state.requests[held.id] for held in self._held if held.id in state.requests]
            self._held.clear()
        for request in returned:
            request.reject(requeue=True)
            state.task_ready(request)

    def begin_held(self) -> None:
        """Begin the tasks for which there is room."""
        with self._lock:
            if self.free_slots is None or self._is_closing:
                return
            for held in self._held.copy():
                if self.free_slots.slots.fits(held.batch):
                    self._held.remove(held)
                    held.begin()

    def on_close(self) -> None:
        """Begin no more: the worker drains, and what is held goes back when its connection ends."""
        with self._lock:
            self._is_closing = True
        super().on_close()

    def _done(self, *task: Any) -> None:
        super()._done(*task)
        self.begin_held()


class HoldBeyondSlots(bootsteps.StartStopStep):  # type: ignore[misc]
    """Has RabbitMQ bring what there are slots for, nothing while drained, and the pool hold what is more."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        """Ask for as many messages of each queue as there are slots, not as there are threads."""
        consumer.initial_prefetch_count = consumer.app.slots.slots
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Begin to count; called again after each reconnection."""
        consumer.pool.free_slots = FreeSlots(consumer.app.slots, wake=lambda: None)
        if consumer.app.slots.is_closed:
            # Before the loop begins to consume: so nothing is brought at all.
            _withdraw(consumer)
        consumer.timer.call_repeatedly(LOOK_EVERY_S, _look, (consumer,))


def _look(consumer: Any) -> None:
    """Follow the slots, in the loop's own thread: no other may use its channel."""
    if consumer.app.slots.is_closed:
        _withdraw(consumer)
        consumer.pool.return_held()
        return
    _consume_again(consumer)
    # What was held while the slots were closed for less than a look.
    consumer.pool.begin_held()


def _withdraw(consumer: Any) -> None:
    tasks = consumer.task_consumer
    for queue in [queue for queue in tasks.queues if not queue.name.startswith(CANARY_QUEUE_PREFIX)]:
        tasks.cancel_by_queue(queue)


def _consume_again(consumer: Any) -> None:
    tasks = consumer.task_consumer
    left = [
        queue for queue in consumer.app.amqp.queues.consume_from.values() if not tasks.consuming_from(queue)
    ]
    for queue in left:
        tasks.add_queue(queue)
    if left:
        tasks.consume()


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
