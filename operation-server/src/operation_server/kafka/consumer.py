"""Reads records, and notes at the brokers up to where they are settled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar, cast

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from operation_server.kafka.errors import BrokersAway, PlaceLost
from operation_server.kafka.producer import told
from operation_server.kafka.record import Headers, IncomingRecord

BATCH: Final = 50
POLL_S: Final = 1.0
PROBE_S: Final = 2.0

CONSUMER_OPTIONS: Final[dict[str, Any]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # Brokers forget the offsets of a group that was away for long: then records come again, and give the same
    # jobs.
    "auto.offset.reset": "earliest",
    # Only one process leads, so it is always the same member: a successor of a killed one takes its place at
    # once (0.1 s, 2026-11-30) instead of when its session has timed out.
    "group.instance.id": "satellite",
    # Between two looks a batch is submitted, each of whose inputs may take seconds to check.
    "max.poll.interval.ms": 1_800_000,
    "fetch.message.max.bytes": 1_100_000,
    "queued.max.messages.kbytes": 16_384,
}

Answer = TypeVar("Answer")


class RecordConsumer:
    """Reads one topic as a member of a group; all calls of the library are made in one thread."""

    def __init__(self, options: dict[str, Any], *, topic: str, group_id: str) -> None:
        """Connect nowhere yet."""
        self._options = options | CONSUMER_OPTIONS | {"group.id": group_id}
        self._topic = topic
        self._consumer: Consumer
        self._thread: ThreadPoolExecutor

    @contextlib.asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Be a member of the group until the block ends."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")
        self._consumer = Consumer(self._options)
        self._consumer.subscribe([self._topic])
        try:
            yield
        finally:
            await asyncio.shield(self._call(self._consumer.close))
            self._thread.shutdown(wait=False)

    async def take(self) -> list[IncomingRecord]:
        """Return the next records, those of a partition in their order; none after a second without any.

        Raises:
            BrokersAway: they do not answer, or have no such topic.
            PlaceLost: another process has taken this one's place in the group.
        """
        return await self._call(self._take)

    async def settle(self, nexts: Sequence[tuple[int, int]]) -> None:
        """Note from which offset on each of some partitions is to be read by whoever reads it next.

        Raises:
            BrokersAway: it is not noted, and settled records may come again.
        """
        if nexts:
            offsets = [TopicPartition(self._topic, partition, offset) for partition, offset in nexts]
            await self._call(lambda: self._commit(offsets))

    async def return_to(self, record: IncomingRecord) -> None:
        """Let the next look begin with a record.

        Raises:
            PlaceLost: it does not, because another member has the partition by now, or for another reason.
        """
        place = TopicPartition(record.topic, record.partition, record.offset)
        await self._call(lambda: self._seek(place))

    def _take(self) -> list[IncomingRecord]:
        # The library waits for a batch to be full: for one, and then for none beside it.
        messages = self._consumer.consume(1, POLL_S)
        messages += self._consumer.consume(BATCH - 1, 0) if messages else []
        faults = [error for message in messages if (error := message.error()) is not None]
        records = [read_message(message) for message in messages if message.error() is None]
        if any(fault.fatal() for fault in faults):
            raise PlaceLost(told(faults[0]))
        if faults and not records:
            raise BrokersAway(told(faults[0]))
        if not messages:
            self._probe()
        return records

    def _probe(self) -> None:
        """Tell a topic in which nothing happens from brokers that are not there."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=PROBE_S).topics[self._topic]
        except KafkaException as error:
            raise BrokersAway(told(error.args[0])) from error
        if found.error is not None:
            raise BrokersAway(f"{self._topic}: {told(found.error)}")

    def _commit(self, offsets: list[TopicPartition]) -> None:
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            raise BrokersAway(told(error.args[0])) from error

    def _seek(self, place: TopicPartition) -> None:
        try:
            self._consumer.seek(place)
        except KafkaException as error:
            raise PlaceLost(told(error.args[0])) from error

    async def _call(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def read_message(message: Message) -> IncomingRecord:
    """Return a message of the library as a record."""
    return IncomingRecord(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        offset=int(message.offset() or 0),
        key=message.key(),
        value=message.value(),
        headers=_headers_of(message),
    )


def _headers_of(message: Message) -> Headers:
    try:
        # In this form only are they read, whatever they may be written in.
        return tuple(cast("Headers", message.headers() or ()))
    except (SystemError, ValueError):
        # One whose name is no UTF-8; the record itself may still be a job.
        return ()
