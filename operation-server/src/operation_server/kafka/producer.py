"""Sends records, and knows of each whether the brokers have it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from operation_server.kafka.errors import BrokersAway, RecordTooLarge
from operation_server.kafka.record import OutgoingRecord

ACKNOWLEDGED_WITHIN_S: Final = 5.0
PROBE_S: Final = 1.0
LARGEST_BYTES: Final = 16_000_000
"""The brokers' limit is the one that counts; librdkafka's own would stand before it."""

PRODUCER_OPTIONS: Final[dict[str, Any]] = {
    "acks": "all",
    # One request at a time keeps the order over its repetitions. Idempotence would too, but a broker that has
    # lost what it had acknowledged ends such a producer for good (2026-11-30), and what is repeated is
    # known by its headers anyway.
    "enable.idempotence": False,
    "max.in.flight.requests.per.connection": 1,
    # No record gives up before those behind it: all that is not acknowledged in time is taken back at once.
    "message.timeout.ms": 0,
    "message.max.bytes": LARGEST_BYTES,
    "compression.type": "lz4",
    "linger.ms": 0,
}


class RecordProducer:
    """Sends records in their order; safe to be told the same again."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Connect nowhere yet."""
        self._producer = Producer(options | PRODUCER_OPTIONS)
        self._is_away = False
        self._sending = asyncio.Lock()

    async def send(self, records: Sequence[OutgoingRecord]) -> None:
        """Return once the brokers have all records; of those that they have anyway others may be sent again.

        Raises:
            BrokersAway: they have not acknowledged all within 5 s.
            RecordTooLarge: they never will, because one of them is too large.
        """
        async with self._sending:
            try:
                await asyncio.to_thread(self._send, records)
            except BrokersAway:
                self._is_away = True
                raise
            self._is_away = False

    def _send(self, records: Sequence[OutgoingRecord]) -> None:
        if self._is_away:
            # Whoever waits for this may hold a transaction open.
            self._probe()
        faults: list[KafkaError] = []
        try:
            for record in records:
                self._producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    on_delivery=lambda error, _: faults.append(error) if error else None,
                )
        except KafkaException as error:
            faults.append(error.args[0])
        if self._producer.flush(ACKNOWLEDGED_WITHIN_S):
            self._producer.purge()
            self._producer.flush(ACKNOWLEDGED_WITHIN_S)
            raise BrokersAway(f"not all was acknowledged within {ACKNOWLEDGED_WITHIN_S:g} s")
        _raise_worst(faults)

    def _probe(self) -> None:
        try:
            self._producer.list_topics(timeout=PROBE_S)
        except KafkaException as error:
            raise BrokersAway(told(error.args[0])) from error


def told(error: KafkaError) -> str:
    """Return an error of the library in a line."""
    return f"{error.name()}: {error.str()}"


def _raise_worst(faults: Sequence[KafkaError]) -> None:
    for fault in faults:
        if fault.code() != KafkaError.MSG_SIZE_TOO_LARGE:
            raise BrokersAway(told(fault))
    if faults:
        raise RecordTooLarge
