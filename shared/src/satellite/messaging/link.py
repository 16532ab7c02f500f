"""The port by which messages are sent, whatever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from satellite.messaging.amqp_link import AmqpLink
from satellite.messaging.redis_link import RedisLink


class Send(Protocol):
    """Adds a message to what is being sent."""

    def __call__(
        self, body: bytes, *, routing_key: str, headers: Mapping[str, Any], correlation_id: str
    ) -> Any:
        """Send a serialised Celery message to a queue."""


class MessageLink(Protocol):
    """A connection to the broker, for one thread at a time; its errors are those of Kombu's transport."""

    def sending(self, count: int) -> AbstractContextManager[Send]:
        """Send up to `count` messages together; with the broker when the block ends without an error."""

    def length(self, queue: str) -> int:
        """Return how many messages wait in a queue, which is made if it is not there."""

    def purge(self, queue: str) -> None:
        """Remove all messages that wait in a queue."""

    def close(self) -> None:
        """Close the connection; what it raises may be ignored."""


def open_link(connection: Any) -> MessageLink:
    """Return a link over an open Kombu connection, which is the link's from now on."""
    return AmqpLink(connection) if connection.transport.driver_type == "amqp" else RedisLink(connection)
