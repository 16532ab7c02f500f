"""What any source of results does, on Redis and on RabbitMQ, for messages that a worker's link has sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson
import pytest
from redis.asyncio import Redis

from operation_server.dispatch.amqp_results import AmqpResults
from operation_server.dispatch.broker import connected
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.redis_results import RedisResults
from operation_server.dispatch.results_source import ResultsSource, decode
from satellite.contracts.task_names import APPLY_OUTCOME, RESULTS_QUEUE
from satellite.messaging.link import open_link
from satellite.settings.broker import BrokerSettings


@dataclass
class Broker:
    """A broker, to which messages are sent by number, and sources that take them from it."""

    settings: BrokerSettings
    new_source: Callable[[], ResultsSource]

    def send(self, *numbers: int) -> None:
        link = open_link(connected(make_app(self.settings)))
        with link.sending(len(numbers)) as send:
            for number in numbers:
                send(
                    orjson.dumps([[{"n": number}], {}, {}]),
                    routing_key=RESULTS_QUEUE,
                    headers={"task": APPLY_OUTCOME, "id": str(number)},
                    correlation_id=str(number),
                )
        link.close()


@pytest.fixture(params=["redis", "rabbitmq"])
def settings(request: pytest.FixtureRequest, redis_url: str) -> BrokerSettings:
    url = request.getfixturevalue("rabbitmq").url if request.param == "rabbitmq" else None
    return BrokerSettings(redis_url=redis_url, CELERY_BROKER_URL=url)


@pytest.fixture
async def broker(settings: BrokerSettings) -> AsyncIterator[Broker]:
    redis = Redis.from_url(settings.redis_url)
    made: list[ResultsSource] = []

    def new_source() -> ResultsSource:
        is_redis = settings.celery_broker_url is None
        made.append(RedisResults(redis) if is_redis else AmqpResults(make_app(settings)))
        return made[-1]

    yield Broker(settings, new_source)
    for source in made:
        await source.release()
    await redis.aclose()


def numbers(raw: list[bytes]) -> list[int]:
    """Return what was sent."""
    assert all(decode(one).name == APPLY_OUTCOME for one in raw)
    return [decode(one).argument["n"] for one in raw]


async def take(source: ResultsSource, count: int) -> list[int]:
    """Take until `count` messages have come; they may come in parts."""
    taken: list[int] = []
    while len(taken) < count:
        taken += numbers(await asyncio.wait_for(source.take(count - len(taken)), 30))
    return taken


async def test_messages_come_in_their_order_and_once(broker: Broker) -> None:
    source = broker.new_source()
    broker.send(*range(250))

    first = await take(source, 100)
    await source.done()
    rest = await take(source, 100)
    await source.done()
    rest += await take(source, 50)
    await source.done()

    assert first + rest == list(range(250))
    assert await source.take(100) == []


async def test_who_waits_gets_what_is_sent_meanwhile(broker: Broker) -> None:
    source = broker.new_source()
    # RabbitMQ 3.10 closes the connection of one of two who declare the same new queue in the same moment.
    broker.send(1)
    assert await take(source, 1) == [1]
    waiting = asyncio.create_task(source.take(100))
    await asyncio.sleep(0)
    await asyncio.to_thread(broker.send, 2)

    taken = numbers(await waiting) or await take(source, 1)

    assert taken == [2]


async def test_what_was_not_applied_is_taken_again_first(broker: Broker) -> None:
    source = broker.new_source()
    broker.send(1, 2, 3)

    assert await take(source, 2) == [1, 2]
    assert await source.recover() == 2
    assert await take(source, 3) == [1, 2, 3]
    await source.done()

    assert await source.recover() == 0
    assert await source.take(100) == []


async def test_another_consumer_takes_up_what_the_last_one_left(broker: Broker) -> None:
    old, new = broker.new_source(), broker.new_source()
    broker.send(1, 2, 3)
    assert await take(old, 3) == [1, 2, 3]

    await old.release()
    await new.recover()

    assert await take(new, 3) == [1, 2, 3]
    await new.done()
    assert await new.take(100) == []


async def test_what_was_applied_does_not_come_back_with_a_new_connection(broker: Broker) -> None:
    source = broker.new_source()
    broker.send(1, 2)
    assert await take(source, 1) == [1]
    await source.done()

    await source.release()
    await source.recover()

    assert await take(source, 1) == [2]
