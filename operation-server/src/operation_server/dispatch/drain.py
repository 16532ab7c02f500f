"""Empties the broker without leading: reports of workers are applied, what they were to run is removed."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.parts import Parts
from operation_server.dispatch.processes import results_source
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.repository import list_queues
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.jobs.loss_budget import loss_budget
from operation_server.settings import DispatchSettings
from operation_server.workers.heartbeats import read_heartbeats
from satellite.contracts.requires import DEFAULT_QUEUE
from satellite.contracts.task_names import CANARY_QUEUE_PREFIX, shared_queue

AT_ONCE: Final = 100


async def drain_reports(parts: Parts, settings: DispatchSettings) -> int:
    """Apply all reports that wait, until none has come for a moment; return how many they were.

    Raises:
        Exception: there is an outage; what was not applied will be, when it is repeated.
    """
    source = results_source(parts)
    consumer = ResultsConsumer(
        transactions=parts.transactions,
        redis=parts.redis,
        source=source,
        events=parts.events,
        losses=loss_budget(settings),
        life=parts.life,
    )
    await source.recover()
    count = 0
    while raw := await source.take(AT_ONCE):
        await consumer.apply(raw, received_at_s=time.monotonic())
        await source.done()
        count += len(raw)
    await source.release()
    return count


async def purge_attempts(parts: Parts) -> None:
    """Remove all messages about attempts from the queues that anybody knows of.

    Raises:
        BrokerDown: the broker does not answer.
    """
    async with parts.engine.connect() as connection:
        sent_to = await list_queues(connection)
    consumed = {queue for beat in await read_heartbeats(parts.redis) for queue in beat.queues}
    shared = {shared_queue(DEFAULT_QUEUE, with_gpu=with_gpu) for with_gpu in (False, True)}
    publisher = JobPublisher(make_app())
    try:
        for queue in sorted(shared.union(sent_to, consumed)):
            if not queue.startswith(CANARY_QUEUE_PREFIX):
                await asyncio.to_thread(publisher.purge, queue)
    finally:
        publisher.close()
