"""What waits in the queues of a RabbitMQ, for the processes that do not dispatch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.publisher import JobPublisher
from satellite.contracts.amqp_queues import DEAD_LETTERS
from satellite.settings.broker import BrokerSettings, BrokerTransport


class RabbitMqLengths:
    """The `QueueLengths` of metrics, over a connection of its own."""

    always_shown: Sequence[str] = (DEAD_LETTERS,)

    def __init__(self, broker: BrokerSettings) -> None:
        self._publisher = JobPublisher(make_app(broker))

    async def lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue.

        Raises:
            BrokerDown: RabbitMQ does not answer.
        """
        return await asyncio.to_thread(self._publisher.queue_lengths, queues)

    def close(self) -> None:
        """Close the connection; the next count opens another."""
        self._publisher.close()


def queue_lengths(broker: BrokerSettings) -> RabbitMqLengths | None:
    """Return what counts messages, None where they are in Redis."""
    return RabbitMqLengths(broker) if broker.transport is BrokerTransport.AMQP else None
