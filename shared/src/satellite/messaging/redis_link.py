"""Messages by Redis: a batch in one round trip."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any


class RedisLink:
    """A `MessageLink` by Kombu's Redis transport."""

    def __init__(self, connection: Any) -> None:
        """Take an open connection."""
        self._producer = connection.Producer(auto_declare=False)
        self._send = partial(
            self._producer.publish,
            exchange="",
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
        )

    @contextlib.contextmanager
    def sending(self, count: int) -> Iterator[Any]:
        """Send messages in one round trip; after an error it is uncertain which have arrived."""
        with self._producer.batch(max_size=count):
            yield self._send

    def length(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        # Not passive, so that a queue that nobody has declared yet is empty instead of an error.
        return int(self._producer.channel.queue_declare(queue, durable=True).message_count)

    def purge(self, queue: str) -> None:
        """Remove all messages of a queue."""
        self._producer.channel.queue_purge(queue)

    def close(self) -> None:
        """Close the connection."""
        if self._producer.connection:
            self._producer.connection.release()
