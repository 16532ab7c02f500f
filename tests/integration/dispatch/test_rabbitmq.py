"""What is sent by RabbitMQ has arrived, or its sender is told; and what nobody can take is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from operation_server.dispatch.broker import BROKER_FAULTS, BrokerDown, connected
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.queue_lengths import queue_lengths
from satellite.contracts.amqp_queues import DEAD_LETTERS, DELIVERY_LIMIT
from satellite.contracts.task_names import EXECUTE_QUEUE
from satellite.messaging.amqp_link import AmqpLink, NotTaken
from satellite.settings.broker import BrokerSettings
from tests.fixtures.rabbitmq import RabbitMq
from tests.fixtures.servers import wait_until


@pytest.fixture
def settings(rabbitmq: RabbitMq) -> BrokerSettings:
    return BrokerSettings(redis_url="redis://127.0.0.1:1/0", CELERY_BROKER_URL=rabbitmq.url)


@pytest.fixture
def link(settings: BrokerSettings) -> Iterator[AmqpLink]:
    link = AmqpLink(connected(make_app(settings)))
    yield link
    link.close()


@pytest.fixture
def publisher(settings: BrokerSettings) -> Iterator[JobPublisher]:
    publisher = JobPublisher(make_app(settings))
    yield publisher
    publisher.close()


def send(link: AmqpLink, count: int, queue: str = EXECUTE_QUEUE) -> None:
    with link.sending(count) as add:
        for number in range(count):
            add(b"[]", routing_key=queue, headers={"task": "t"}, correlation_id=str(number))


def delete(settings: BrokerSettings, queue: str) -> None:
    with connected(make_app(settings)) as connection:
        connection.default_channel.queue_delete(queue)


def test_all_of_a_batch_is_there_when_sending_ends(link: AmqpLink) -> None:
    send(link, 500)
    send(link, 1)

    assert link.length(EXECUTE_QUEUE) == 501
    link.purge(EXECUTE_QUEUE)
    assert link.length(EXECUTE_QUEUE) == 0


def test_a_message_that_goes_nowhere_is_not_sent_and_the_next_connection_makes_its_queue(
    link: AmqpLink, settings: BrokerSettings
) -> None:
    send(link, 1)
    delete(settings, EXECUTE_QUEUE)

    with pytest.raises(NotTaken, match=EXECUTE_QUEUE):
        send(link, 2)

    again = AmqpLink(connected(make_app(settings)))
    send(again, 2)
    assert again.length(EXECUTE_QUEUE) == 2
    again.close()


def test_a_message_that_its_queue_refuses_is_not_sent(link: AmqpLink, settings: BrokerSettings) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with connected(make_app(settings)) as connection:
        connection.default_channel.queue_declare("full", durable=True, auto_delete=False, arguments=full)
    link._declared.add("full")

    with pytest.raises(NotTaken, match="refused"):
        send(link, 100, "full")


async def test_what_is_delivered_too_often_is_set_aside_and_counted(
    link: AmqpLink, settings: BrokerSettings
) -> None:
    send(link, 1)
    deliveries = 0
    with connected(make_app(settings)) as connection:
        channel: Any = connection.default_channel

        def take() -> Any:
            return channel.basic_get(EXECUTE_QUEUE)

        while (message := take()) or link.length(DEAD_LETTERS) == 0:
            if message is not None:
                deliveries += 1
                channel.basic_reject(message.delivery_tag, requeue=True)
            assert deliveries <= DELIVERY_LIMIT + 1

    counter = queue_lengths(settings)
    assert counter is not None
    assert deliveries == DELIVERY_LIMIT + 1
    lengths = await counter.lengths([*counter.always_shown, EXECUTE_QUEUE])
    counter.close()
    assert lengths == {DEAD_LETTERS: 1, EXECUTE_QUEUE: 0}


def test_queues_are_counted_and_emptied_whether_they_are_there_or_not(publisher: JobPublisher) -> None:
    assert publisher.queue_lengths(["satellite.execute.class.none"]) == {"satellite.execute.class.none": 0}
    publisher.purge("satellite.execute.class.other")


def test_a_killed_rabbitmq_is_told_of_and_keeps_what_it_has_confirmed(
    link: AmqpLink, publisher: JobPublisher, rabbitmq: RabbitMq
) -> None:
    send(link, 100)
    assert publisher.queue_lengths([EXECUTE_QUEUE]) == {EXECUTE_QUEUE: 100}

    # What it knows of a queue is on its disk only a while after it was made; its lists lag as much.
    wait_until(lambda: rabbitmq.queues().get(EXECUTE_QUEUE) == 100)
    rabbitmq.kill()
    with pytest.raises(BrokerDown):
        publisher.queue_lengths([EXECUTE_QUEUE])
    with pytest.raises(BROKER_FAULTS):
        send(link, 1)
    rabbitmq.start()

    # A quorum queue elects its leader first.
    wait_until(lambda: publisher.queue_lengths([EXECUTE_QUEUE]) == {EXECUTE_QUEUE: 100}, timeout_s=30)
