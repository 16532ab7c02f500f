"""Events of jobs as records of a topic, at least once and known by their cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from operation_server.database.connections import AsyncConnection
from operation_server.events.handler import DurableEvent
from operation_server.kafka.errors import RecordTooLarge
from operation_server.kafka.producer import RecordProducer
from operation_server.kafka.record import OutgoingRecord
from operation_server.kafka.standing import Standing
from operation_server.live.cursor import STREAM_START, Cursor
from satellite.contracts.event import EventSubject

LOOP: Final = "events"
BATCH: Final = 200
LEFT_OUT: Final = "left-out"
"""Header of a record that was too large for the brokers with what it names."""
LARGE_PART: Final = "result"


class EventSink:
    """Sends events to a topic.

    The mark of the reader, which is the cursor of the last event that the brokers have, moves in the
    transaction that is open meanwhile: what they have not acknowledged is sent again.
    """

    def __init__(self, producer: RecordProducer, *, topic: str, standing: Standing) -> None:
        self._producer = producer
        self._topic = topic
        self._standing = standing

    @property
    def name(self) -> str:
        """Return what the mark is kept under: another topic begins with the first event."""
        return f"kafka:{self._topic}"

    async def handle(self, connection: AsyncConnection, events: Sequence[DurableEvent]) -> None:
        """Send events.

        Raises:
            BrokersAway: they have not acknowledged all.
            RecordTooLarge: there are several, of which one is too large.
        """
        del connection
        with self._standing.watching(LOOP):
            try:
                await self._producer.send([event_record(self._topic, event) for event in events])
            except RecordTooLarge:
                if len(events) > 1:
                    raise
                await self._producer.send([event_record(self._topic, events[0], is_short=True)])


def event_record(topic: str, event: DurableEvent, *, is_short: bool = False) -> OutgoingRecord:
    """Return the record of an event: a frame as clients of WebSockets see it, with its job's number as key.

    A short one is without the result, which `GET /api/v1/jobs/{id}` tells.
    """
    cursor = str(Cursor(STREAM_START, event.id))
    headers = [("cursor", cursor), ("type", event.type)]
    frame: dict[str, Any] = {
        "cursor": cursor,
        "job_id": event.job_id,
        "type": event.type,
        "data": _short(event.data) if is_short else orjson.Fragment(event.data),
        "at": event.at.isoformat(),
    }
    if event.subject != EventSubject.JOB:
        frame["subject"] = event.subject
    if is_short:
        headers.append((LEFT_OUT, LARGE_PART))
    return OutgoingRecord(
        topic=topic,
        key=str(event.job_id).encode(),
        value=orjson.dumps(frame),
        headers=[(name, text.encode()) for name, text in headers],
    )


def _short(data: str) -> Any:
    return {name: value for name, value in orjson.loads(data).items() if name != LARGE_PART}
