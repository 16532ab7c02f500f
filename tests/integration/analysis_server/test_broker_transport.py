"""The worker's transport on a real Redis."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue
from redis import Redis

from analysis_server.lifecycle import free_slots
from analysis_server.lifecycle.free_slots import FreeSlots

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


def test_no_more_is_taken_than_slots_are_free(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = {0, 1}
    monkeypatch.setattr(free_slots, "reserved_requests", reserved)
    queue = Queue("work", routing_key="work", no_ack=True)  # type: ignore[no-untyped-call]

    def take(body: Any, _: Any) -> None:
        reserved.add(body["number"])

    with Connection(redis_url, transport=TRANSPORT) as connection, Redis.from_url(redis_url) as redis:  # type: ignore[no-untyped-call]
        producer = connection.Producer()
        for number in range(2, 8):
            producer.publish({"number": number}, routing_key="work", exchange="", declare=[queue])
        with Consumer(connection, queues=[queue], callbacks=[take], accept=["json"]) as consumer:
            consumer.channel.qos.free_slots = FreeSlots(slots=5, wake=lambda: None)
            connection.drain_events(timeout=5)
            assert reserved == {0, 1, 2, 3, 4}
            assert redis.llen("work") == 3
            with pytest.raises(socket.timeout):
                connection.drain_events(timeout=0.2)
            reserved -= {0, 1, 2, 3, 4}
            connection.drain_events(timeout=5)
            # Alone it leaves the rest to the next turn.
            assert reserved == {5}
            connection.drain_events(timeout=5)
            assert reserved == {5, 6, 7}
