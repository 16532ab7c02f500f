"""Kombu's Redis transport, without three costs it has for each message.

Kombu makes a Redis client for each command it sends. Making one costs as much as the command itself: redis-py
8.1 fills a table of response callbacks, 0.3 ms, which was a quarter of a busy worker's time (2026-11-21). A
client is safe to share between threads, because each command takes a connection of its own from the pool.

It also acknowledges what was consumed without acknowledgement, a transaction of Redis about nothing: another
quarter.

And it takes one message a turn of its loop, and on a busy machine each turn waits for a core: 150 jobs/s so,
190 with what lies in the queue taken in one turn, up to the slots that are free (2026-11-21).

A message for which there is no room goes back to the head of its queue, where another worker may take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kombu.transport import redis
from kombu.utils.json import dumps, loads

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
        """Take as many messages as there is room for, if more than the one just taken is under way."""
        free_slots = self.qos.free_slots
        if free_slots is None or not free_slots.is_busy():
            return
        for queue in self.active_queues:
            # Again, because those of a batch have taken one slot together.
            while (free := free_slots.count()) and (messages := self.client.rpop(queue, free)):
                self._hand_on(messages, queue, free_slots)

    def _hand_on(self, messages: list[bytes], queue: str, free_slots: FreeSlots) -> None:
        for number, message in enumerate(messages):
            body = loads(message)  # type: ignore[no-untyped-call]
            if not free_slots.accept(body["headers"]):
                self.put_back(messages[number:], queue)
                return
            self.connection._deliver(body, queue)  # noqa: SLF001  # As Kombu does.

    def put_back(self, messages: Sequence[bytes | str], queue: str) -> None:
        """Put messages that were taken back to where the next one is taken from, in their order."""
        with self.conn_or_acquire() as client:
            client.rpush(queue, *reversed(messages))

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002
        """Acknowledge a message unless it was consumed without acknowledgement."""
        if delivery_tag in self.qos._delivered:  # noqa: SLF001  # Kombu offers no other way to ask.
            super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    """The transport to name in Celery's `broker_transport`."""

    Channel = Channel

    def _deliver(self, message: dict[str, Any], queue: str) -> None:
        for channel in self.channels:
            free_slots = channel.qos.free_slots if queue in channel.active_queues else None
            if free_slots is not None and not free_slots.accept(message["headers"]):
                # It was asked for because a batch had a seat, and belongs to no batch that has one.
                channel.put_back([dumps(message)], queue)  # type: ignore[no-untyped-call]
                return
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]
