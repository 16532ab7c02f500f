"""Messages by RabbitMQ: each confirmed, and none accepted for which there is no queue.

Kombu would wait for the confirmation of each message before it sends the next, a round trip each, and takes a
message that RabbitMQ can put nowhere for sent. Here a batch is sent at once and then waited for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from satellite.contracts.amqp_queues import DEAD_LETTERS, queue_arguments

CONFIRMED_WITHIN_S = 10.0


class NotTaken(OSError):
    """RabbitMQ did not take a message: there is no queue for it, or the queue refused it."""


class AmqpLink:
    """A `MessageLink` by Kombu's AMQP transport."""

    def __init__(self, connection: Any) -> None:
        """Take an open connection, and declare where messages go that nobody can deal with."""
        self._connection = connection
        self._channel = connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._declared: set[str] = set()
        self._sent = 0
        self._confirmed = 0
        self._single: set[int] = set()
        self._refused: list[str] = []
        declare_dead_letters(self._channel)

    @contextlib.contextmanager
    def sending(self, count: int) -> Iterator[Any]:
        """Send messages, and wait until RabbitMQ has stored them all.

        Raises:
            NotTaken: of one at least it has not.
            TimeoutError: it does not say within `CONFIRMED_WITHIN_S`.
        """
        del count
        self._refused.clear()
        yield self._send
        self._wait()

    def length(self, queue: str) -> int:
        """Return how many messages wait in a queue; those that a worker holds do not."""
        return declare_queue(self._channel, queue)

    def purge(self, queue: str) -> None:
        """Remove all messages that wait in a queue."""
        # It may have expired meanwhile.
        declare_queue(self._channel, queue)
        self._channel.queue_purge(queue)

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def _send(
        self, body: bytes, *, routing_key: str, headers: Mapping[str, Any], correlation_id: str
    ) -> None:
        if routing_key not in self._declared:
            declare_queue(self._channel, routing_key)
            self._declared.add(routing_key)
        message = self._channel.prepare_message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            headers=dict(headers),
            properties={"delivery_mode": 2, "correlation_id": correlation_id},
        )
        self._channel.basic_publish(message, exchange="", routing_key=routing_key, mandatory=True)
        self._sent += 1

    def _wait(self) -> None:
        until_s = time.monotonic() + CONFIRMED_WITHIN_S
        while self._confirmed < self._sent:
            self._channel.connection.drain_events(timeout=max(0.001, until_s - time.monotonic()))
        if self._refused:
            raise NotTaken(f"RabbitMQ did not take {len(self._refused)} messages: {self._refused[0]}")

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001  # As the library calls it.
        if not multiple:
            self._single.add(delivery_tag)
        else:
            self._confirmed = max(self._confirmed, delivery_tag)
        # Confirmations come in any order; all before `_confirmed` have come.
        while self._confirmed + 1 in self._single:
            self._confirmed += 1
            self._single.discard(self._confirmed)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001  # As the library calls it.
        self._refused.append("refused by its queue")
        self._on_ack(delivery_tag, multiple)

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        del exchange, message
        # Declared anew by whoever connects next: somebody has deleted it.
        self._refused.append(f"{routing_key}: {error}")


def declare_queue(channel: Any, queue: str) -> int:
    """Make a queue unless it is there, and return how many messages wait in it."""
    declared = channel.queue_declare(queue, durable=True, auto_delete=False, arguments=queue_arguments(queue))
    return int(declared.message_count)


def declare_dead_letters(channel: Any) -> None:
    """Make the exchange of messages that were delivered too often, and the queue where they are kept."""
    channel.exchange_declare(DEAD_LETTERS, "fanout", durable=True, auto_delete=False)
    declare_queue(channel, DEAD_LETTERS)
    channel.queue_bind(DEAD_LETTERS, DEAD_LETTERS)
