"""The two processes of this feature: the dispatcher with the reconciler, and the results consumer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any

from redis import Redis as BlockingRedis

from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.dispatcher import Dispatcher
from operation_server.dispatch.leadership import Leadership, Loops, lead
from operation_server.dispatch.parts import REDIS_TIMEOUTS, Parts, open_parts
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.wakeups import Wakeups
from operation_server.settings import DispatchSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

DISPATCHER_LOCK = 5_172_001
RESULTS_LOCK = 5_172_002


async def lead_dispatch(parts: Parts, settings: DispatchSettings) -> None:
    """Dispatch and reconcile whenever this process is the leader; returns never."""
    publisher = JobPublisher(make_app())
    dispatcher = Dispatcher(
        transactions=parts.transactions,
        redis=BlockingRedis.from_url(parts.redis_url, **REDIS_TIMEOUTS),
        publisher=publisher,
        capacity=CapacityReader(parts.redis, settings),
        settings=settings,
    )
    reconciler = Reconciler(
        engine=parts.engine, redis=parts.redis, publisher=publisher, events=parts.events, settings=settings
    )

    def loops(leadership: Leadership) -> Loops:
        wakeups = Wakeups(leadership)
        return {
            "wakeups": wakeups.listen(),
            "dispatcher": dispatcher.run(wakeups),
            "reconciler": reconciler.run(),
        }

    try:
        await lead(parts.database_url, lock_id=DISPATCHER_LOCK, what="dispatching", loops=loops)
    finally:
        publisher.close()


async def lead_results(parts: Parts) -> None:
    """Consume results whenever this process is the leader; returns never."""
    consumer = ResultsConsumer(
        transactions=parts.transactions,
        redis=parts.redis,
        source=ResultsSource(parts.redis),
        events=parts.events,
    )

    def loops(leadership: Leadership) -> Loops:
        return {"leadership": leadership.watch(), "results consumer": consumer.run(leadership)}

    await lead(parts.database_url, lock_id=RESULTS_LOCK, what="consuming results", loops=loops)


def run_dispatcher() -> None:
    """Run the dispatcher and the reconciler until a signal ends them."""
    configure_logging(LogSettings())

    async def work() -> None:
        async with open_parts("dispatcher") as parts:
            await lead_dispatch(parts, DispatchSettings())

    asyncio.run(_until_signal(work()))


def run_results() -> None:
    """Run the results consumer until a signal ends it."""
    configure_logging(LogSettings())

    async def work() -> None:
        async with open_parts("results") as parts:
            await lead_results(parts)

    asyncio.run(_until_signal(work()))


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
