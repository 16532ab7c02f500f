"""The process that stands between Satellite and Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from operation_server.dispatch.leadership import Leadership, Loops, lead
from operation_server.dispatch.locks import KAFKA_LOCK
from operation_server.dispatch.parts import Parts, open_parts
from operation_server.events.reader import EventReader
from operation_server.kafka import ingestion, sink
from operation_server.kafka.consumer import RecordConsumer
from operation_server.kafka.dead_letters import DeadLetters
from operation_server.kafka.door import RecordDoor
from operation_server.kafka.ingestion import Ingestion
from operation_server.kafka.opening import open_door
from operation_server.kafka.producer import RecordProducer
from operation_server.kafka.settings import KafkaSettings
from operation_server.kafka.sink import EventSink
from operation_server.kafka.standing import Standing
from operation_server.process_end import until_signal
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings


def run_kafka() -> None:
    """Send events and submit records until a signal ends it."""
    configure_logging(LogSettings())
    settings = KafkaSettings()
    if settings.bootstrap_servers is None:
        sys.exit("SATELLITE_KAFKA_BOOTSTRAP_SERVERS is not set: there is no Kafka to work with")
    asyncio.run(until_signal(_work(settings)))


async def lead_kafka(parts: Parts, settings: KafkaSettings, door: RecordDoor | None) -> None:
    """Send events, and submit records through a door, whenever this process is the leader; returns never."""
    producer = RecordProducer(settings.client_options())
    standing = Standing(parts.life)

    def loops(leadership: Leadership) -> Loops:
        found = {"leadership": leadership.watch()}
        if settings.events_topic is not None:
            handler = EventSink(producer, topic=settings.events_topic, standing=standing)
            found[sink.LOOP] = EventReader(parts.engine, handler, batch=sink.BATCH).run()
        if door is not None:
            found[ingestion.LOOP] = _ingestion(settings, producer, door, standing).run()
        return found

    await lead(
        parts.database_url,
        lock_id=KAFKA_LOCK,
        what="working with Kafka",
        loops=loops,
        life=parts.life,
        guard=parts.guard,
    )


async def _work(settings: KafkaSettings) -> None:
    async with contextlib.AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts("kafka"))
        door = None
        if settings.submissions_topic is not None and settings.api_key is not None:
            door = await stack.enter_async_context(open_door(parts, settings.api_key))
        await lead_kafka(parts, settings, door)


def _ingestion(
    settings: KafkaSettings, producer: RecordProducer, door: RecordDoor, standing: Standing
) -> Ingestion:
    options, topic = settings.client_options(), str(settings.submissions_topic)
    return Ingestion(
        RecordConsumer(options, topic=topic, group_id=settings.group_id),
        door=door,
        dead_letters=DeadLetters(producer, topic=str(settings.dead_letters)),
        standing=standing,
    )
