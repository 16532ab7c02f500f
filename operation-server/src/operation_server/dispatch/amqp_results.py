"""Results from a RabbitMQ: taken ahead, and acknowledged when they are applied.

One consumer is the active one. When its connection ends, the next is given what it did not acknowledge.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from celery import Celery

from operation_server.dispatch.broker import BROKER_FAULTS, BrokerDown, connected
from operation_server.dispatch.results_source import BLOCK_S, envelope
from satellite.contracts.task_names import RESULTS_QUEUE
from satellite.messaging.amqp_link import declare_dead_letters, declare_queue

PREFETCH = 100
HEARTBEAT_S = 20
"""A consumer that hangs for two of them is not the active one any more."""
MORE_WITHIN_S = 0.001
"""What came together is read together."""

Result = TypeVar("Result")


class AmqpResults:
    """A `ResultsSource` over a connection of its own, which it opens when it is needed."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Any = None
        self._channel: Any = None
        self._arrived: deque[Any] = deque()
        self._taken: list[Any] = []
        self._busy = threading.Lock()

    async def take(self, limit: int) -> list[bytes]:
        """Return the next messages, oldest first; none when there were none for a while.

        Raises:
            BrokerDown: RabbitMQ does not answer.
        """
        return await self._call(lambda: self._take(limit))

    async def done(self) -> None:
        """Acknowledge what was taken.

        Raises:
            BrokerDown: RabbitMQ does not answer, and will deliver it again.
        """
        await self._call(self._acknowledge)

    async def recover(self) -> int:
        """Take again what was taken and not applied; what another consumer had, RabbitMQ brings itself."""
        count = len(self._taken)
        self._arrived.extendleft(reversed(self._taken))
        self._taken = []
        return count

    async def release(self) -> None:
        """Close the connection, so that another consumer becomes the active one."""
        await asyncio.to_thread(self._close_when_idle)

    async def _call(self, work: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(self._guarded, work)

    def _guarded(self, work: Callable[[], Result]) -> Result:
        # A call that was cancelled goes on in its thread.
        with self._busy:
            try:
                return work()
            except BROKER_FAULTS as error:
                self._close()
                raise BrokerDown from error

    def _take(self, limit: int) -> list[bytes]:
        if self._channel is None:
            self._consume()
        with contextlib.suppress(TimeoutError):
            if not self._arrived:
                self._connection.drain_events(timeout=BLOCK_S)
            while len(self._arrived) < min(limit, PREFETCH):
                self._connection.drain_events(timeout=MORE_WITHIN_S)
        self._connection.heartbeat_check()
        taken = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        self._taken += taken
        return [envelope(message.body, message.properties.get("application_headers")) for message in taken]

    def _acknowledge(self) -> None:
        if self._taken:
            self._channel.basic_ack(self._taken[-1].delivery_tag, multiple=True)
            self._taken = []

    def _consume(self) -> None:
        self._connection = connected(self._app, heartbeat_s=HEARTBEAT_S)
        channel = self._connection.channel()
        declare_dead_letters(channel)
        declare_queue(channel, RESULTS_QUEUE)
        channel.basic_qos(0, PREFETCH, False)  # noqa: FBT003  # As the library has it: for each consumer.
        channel.basic_consume(RESULTS_QUEUE, callback=self._arrived.append, on_cancel=_cancelled)
        self._channel = channel

    def _close_when_idle(self) -> None:
        with self._busy:
            self._close()

    def _close(self) -> None:
        """Close the connection; what was not acknowledged will be delivered again."""
        connection, self._connection, self._channel = self._connection, None, None
        self._arrived.clear()
        self._taken = []
        with contextlib.suppress(*BROKER_FAULTS):
            if connection is not None:
                connection.release()


def _cancelled(consumer_tag: str) -> None:
    """Begin anew: RabbitMQ ends a consumer when its queue is deleted."""
    raise ConnectionError(f"RabbitMQ has cancelled the consumer {consumer_tag}")
