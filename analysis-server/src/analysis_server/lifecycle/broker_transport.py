"""Kombu's Redis transport, without two costs it has for each message.

Kombu makes a Redis client for each command it sends. Making one costs as much as the command itself: redis-py
8.1 fills a table of response callbacks, 0.3 ms, which was a quarter of a busy worker's time (2026-11-21). A
client is safe to share between threads, because each command takes a connection of its own from the pool.

It also acknowledges what was consumed without acknowledgement, a transaction of Redis about nothing: another
quarter.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel that keeps the client it sends with, and acknowledges only what waits for it."""

    _sender: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002  # Kombu's signature.
        if asynchronous:
            # Consumers block on a connection that must be theirs alone.
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]
        if self._sender is None or self._sender.connection_pool is not self.pool:
            self._sender = super()._create_client()  # type: ignore[no-untyped-call]
        return self._sender

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002
        """Acknowledge a message unless it was consumed without acknowledgement."""
        if delivery_tag in self.qos._delivered:  # noqa: SLF001  # Kombu offers no other way to ask.
            super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    """The transport to name in Celery's `broker_transport`."""

    Channel = Channel
