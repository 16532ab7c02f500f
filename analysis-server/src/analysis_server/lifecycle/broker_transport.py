"""Kombu's Redis transport, without three costs it has for each message.

Kombu makes a Redis client for each command it sends. Making one costs as much as the command itself: redis-py
8.1 fills a table of response callbacks, 0.3 ms, which was a quarter of a busy worker's time (2026-11-21). A
client is safe to share between threads, because each command takes a connection of its own from the pool.

It also acknowledges what was consumed without acknowledgement, a transaction of Redis about nothing: another
quarter.

And it takes one message a turn of its loop, and on a busy machine each turn waits for a core: 150 jobs/s so,
190 with what lies in the queue taken in one turn, up to the slots that are free (2026-11-21).
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from kombu.utils.json import loads

from analysis_server.lifecycle.free_slots import FreeSlots


class QoS(redis.QoS):
    """Lets a channel take messages only while slots are free, once it was told of them."""

    free_slots: FreeSlots | None = None

    def can_consume(self) -> bool:
        """Tell whether the loop may ask for a message."""
        is_full = self.free_slots is not None and not self.free_slots.count()
        return not is_full and bool(super().can_consume())  # type: ignore[no-untyped-call]


class Channel(redis.Channel):
    """A channel that keeps the client it sends with, and takes together what it has slots for."""

    QoS = QoS
    _sender: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002  # Kombu's signature.
        if asynchronous:
            # Consumers block on a connection that must be theirs alone.
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]
        if self._sender is None or self._sender.connection_pool is not self.pool:
            self._sender = super()._create_client()  # type: ignore[no-untyped-call]
        return self._sender

    def _brpop_read(self, **options: Any) -> bool:
        super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        self._take_more()
        return True

    def _take_more(self) -> None:
        """Take as many messages as slots are free, if more than the one just taken is under way."""
        free_slots = self.qos.free_slots
        if free_slots is None or not free_slots.is_busy():
            return
        for queue in self.active_queues:
            free = free_slots.count()
            for message in self.client.rpop(queue, free) or () if free else ():
                body = loads(message)  # type: ignore[no-untyped-call]
                self.connection._deliver(body, queue)  # noqa: SLF001  # As Kombu does.

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002
        """Acknowledge a message unless it was consumed without acknowledgement."""
        if delivery_tag in self.qos._delivered:  # noqa: SLF001  # Kombu offers no other way to ask.
            super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    """The transport to name in Celery's `broker_transport`."""

    Channel = Channel
