"""Celery's task events, sent in batches."""

from __future__ import annotations

from typing import Any

from celery import bootsteps
from celery.worker.consumer.events import Events

FLUSH_EVERY_S = 0.25
"""How late Flower may hear of a task."""
FLUSH_AT = 200
"""Events that are sent without waiting."""


class EventFlush(bootsteps.StartStopStep):  # type: ignore[misc]
    """Sends buffered events now and then.

    Celery would send them in each turn of its loop, which at a busy worker is one message for every two or
    three events: a third of the loop's time here, and most of Flower's (2026-11-21).
    """

    requires = (Events,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        """Have no timer yet."""
        self._timer: Any = None
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Take over from Celery; called again after each reconnection."""
        self.stop(consumer)
        events = consumer.event_dispatcher
        if events is None or not events.buffer_group:
            return
        events.on_send_buffered = None
        events.buffer_limit = FLUSH_AT
        self._timer = consumer.timer.call_repeatedly(FLUSH_EVERY_S, consumer._flush_events)  # noqa: SLF001

    def stop(self, consumer: Any) -> None:
        """Leave the rest to Celery, which flushes when it closes."""
        del consumer
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
