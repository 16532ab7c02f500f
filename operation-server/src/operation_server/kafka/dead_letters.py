"""Records that can be no jobs, each with the reason, for whoever repairs them and sends them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog

from operation_server.kafka.errors import RecordTooLarge
from operation_server.kafka.producer import RecordProducer
from operation_server.kafka.record import IncomingRecord, OutgoingRecord
from operation_server.kafka.sink import LEFT_OUT

SOURCE: Final = "satellite-source"
PROBLEM: Final = "satellite-problem"

log = structlog.get_logger(__name__)


class DeadLetters:
    """Sets records aside in a topic of their own."""

    def __init__(self, producer: RecordProducer, *, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def set_aside(self, record: IncomingRecord, problem: Mapping[str, Any]) -> None:
        """Send a record as it came, with its place and what is wrong with it as headers; safe to repeat.

        Raises:
            BrokersAway: they have not acknowledged it.
        """
        log.warning("a record is no job", record=record.place, code=problem["code"], detail=problem["detail"])
        try:
            await self._producer.send([dead_letter(self._topic, record, problem)])
        except RecordTooLarge:
            # What is too large beside its reason can still be read where it came from.
            await self._producer.send([dead_letter(self._topic, record, problem, is_short=True)])


def dead_letter(
    topic: str, record: IncomingRecord, problem: Mapping[str, Any], *, is_short: bool = False
) -> OutgoingRecord:
    """Return the record that stands for one that can be no job; a short one is without its value."""
    headers = [*record.headers, (SOURCE, record.place.encode()), (PROBLEM, orjson.dumps(problem))]
    if is_short:
        headers.append((LEFT_OUT, b"value"))
    return OutgoingRecord(
        topic=topic, key=record.key, value=None if is_short else record.value, headers=headers
    )
