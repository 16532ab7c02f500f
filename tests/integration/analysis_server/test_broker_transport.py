"""The worker's transport on a real Redis."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue
from redis import Redis

from analysis_server.lifecycle.free_slots import FreeSlots
from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts.task_names import BATCH_HEADER

TRANSPORT = "analysis_server.lifecycle.broker_transport:Transport"


@pytest.mark.parametrize("no_ack", [True, False])
def test_messages_come_and_leave_nothing_behind(redis_url: str, no_ack: bool) -> None:
    received: list[Any] = []

    def take(body: Any, message: Any) -> None:
        received.append(body)
        message.ack()

    queue = Queue("work", routing_key="work", no_ack=no_ack)  # type: ignore[no-untyped-call]
    with Connection(redis_url, transport=TRANSPORT) as connection:  # type: ignore[no-untyped-call]
        producer = connection.Producer()
        for number in range(3):
            producer.publish({"number": number}, routing_key="work", exchange="", declare=[queue])
        with Consumer(connection, queues=[queue], callbacks=[take], accept=["json"]):
            while len(received) < 3:
                connection.drain_events(timeout=5)
        with pytest.raises(socket.timeout):
            connection.drain_events(timeout=0.2)
    assert received == [{"number": number} for number in range(3)]
    with Redis.from_url(redis_url) as redis:
        assert redis.llen("work") == 0
        assert not redis.exists("unacked", "unacked_index")


def test_a_channel_sends_with_one_client(redis_url: str) -> None:
    with Connection(redis_url, transport=TRANSPORT) as connection:  # type: ignore[no-untyped-call]
        channel = connection.default_channel
        with channel.conn_or_acquire() as one, channel.conn_or_acquire() as another:
            assert one is another
        assert channel.client is not one


GATHERED = {BATCH_HEADER: ["gathered", 32]}


class Taker:
    """Consumes as a worker does, and holds what it has taken."""

    def __init__(self, connection: Any, *, slots: int, seats: int = 64) -> None:
        self._connection = connection
        self._queue = Queue("work", routing_key="work", no_ack=True)  # type: ignore[no-untyped-call]
        self._producer = connection.Producer()
        self.slots = Slots(slots=slots, seats=seats)
        self.taken: list[int] = []

    def send(self, *numbers: int, headers: dict[str, Any] | None = None) -> None:
        for number in numbers:
            self._producer.publish(
                {"number": number}, routing_key="work", exchange="", headers=headers, declare=[self._queue]
            )

    def consume(self) -> Consumer:
        consumer = Consumer(self._connection, queues=[self._queue], callbacks=[self._take], accept=["json"])
        consumer.channel.qos.free_slots = FreeSlots(self.slots, wake=lambda: None)
        return consumer

    def take_all(self) -> list[int]:
        """Take until nothing more comes; return what is held then."""
        with contextlib.suppress(socket.timeout):
            while True:
                self._connection.drain_events(timeout=0.5)
        return self.taken

    def _take(self, body: Any, message: Any) -> None:
        self.slots.take(Batch.of(message.headers))
        self.taken.append(body["number"])


@pytest.fixture
def connection(redis_url: str) -> Iterator[Any]:
    with Connection(redis_url, transport=TRANSPORT) as connection:  # type: ignore[no-untyped-call]
        yield connection


def waiting(redis_url: str) -> int:
    with Redis.from_url(redis_url) as redis:
        return int(redis.llen("work"))


def test_no_more_is_taken_than_slots_are_free(redis_url: str, connection: Any) -> None:
    taker = Taker(connection, slots=5)
    for _ in range(2):
        taker.slots.take(None)
    taker.send(*range(2, 8))
    with taker.consume():
        connection.drain_events(timeout=5)
        assert taker.taken == [2, 3, 4]
        assert waiting(redis_url) == 3
        with pytest.raises(socket.timeout):
            connection.drain_events(timeout=0.2)
        for _ in range(5):
            taker.slots.give_back(None)
        connection.drain_events(timeout=5)
        # Alone it leaves the rest to the next turn.
        assert taker.taken == [2, 3, 4, 5]
        connection.drain_events(timeout=5)
        assert taker.taken == [2, 3, 4, 5, 6, 7]


def test_a_batch_is_taken_into_one_slot_and_leaves_the_others(redis_url: str, connection: Any) -> None:
    taker = Taker(connection, slots=2)
    taker.send(*range(40), headers=GATHERED)
    taker.send(100, 101)
    with taker.consume():
        # The second batch has the second slot; beyond its 32 nothing fits, and what does not stays in order.
        assert taker.take_all() == [*range(40)]
        assert waiting(redis_url) == 2
        for _ in range(8):
            taker.slots.give_back(Batch.of(GATHERED))
        assert taker.take_all()[40:] == [100]
        for _ in range(32):
            taker.slots.give_back(Batch.of(GATHERED))
        assert taker.take_all()[41:] == [101]


def test_the_last_slot_carries_a_whole_batch_while_others_have_the_rest(
    redis_url: str, connection: Any
) -> None:
    taker = Taker(connection, slots=8)
    for _ in range(7):
        taker.slots.take(None)
    taker.send(*range(40), headers=GATHERED)
    with taker.consume():
        assert taker.take_all() == [*range(32)]
        assert waiting(redis_url) == 8


def test_a_flood_of_batches_leaves_slots_to_others(redis_url: str, connection: Any) -> None:
    taker = Taker(connection, slots=8)
    taker.send(*range(67), headers=GATHERED)
    taker.send(*range(100, 104))
    taker.send(67, 68, headers=GATHERED)
    taker.send(104, 105)
    with taker.consume():
        assert taker.take_all() == [*range(67), 100, 101, 102, 103]
        assert (taker.slots.tasks, taker.slots.taken) == (71, 7)
        # What has no seat keeps its turn, and no slot is lost to it.
        assert waiting(redis_url) == 4
        for _ in range(2):
            taker.slots.give_back(Batch.of(GATHERED))
        assert taker.take_all()[71:] == [67, 68, 104]
