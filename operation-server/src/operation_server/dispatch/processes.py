"""The two processes of this feature: the dispatcher with the reconciler, and the results consumer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.database.engine import create_blocking_engine, create_engine
from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.dispatcher import Dispatcher
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import CHECK_EVERY_S, Leadership, Wakeups
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.exposition import serve_metrics
from operation_server.settings import DispatchSettings, MetricsSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

DISPATCHER_LOCK = 5_172_001
RESULTS_LOCK = 5_172_002
REDIS_TIMEOUTS: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What both processes need."""

    database_url: str
    engine: AsyncEngine
    transactions: TransactionThread
    redis: Redis
    redis_url: str
    events: EventPublisher


@contextlib.asynccontextmanager
async def open_parts(name: str) -> AsyncIterator[Parts]:
    """Open the connections that the environment names, until the block ends."""
    database, broker = DatabaseSettings(), BrokerSettings()
    serve_metrics(MetricsSettings())
    engine = create_engine(database, application_name=f"satellite-{name}")
    blocking_engine = create_blocking_engine(database, application_name=f"satellite-{name}")
    redis = Redis.from_url(broker.redis_url, **REDIS_TIMEOUTS)
    events = EventPublisher(engine=engine, redis=redis)
    transactions = TransactionThread(blocking_engine)
    try:
        yield Parts(
            database_url=database.url.get_secret_value(),
            engine=engine,
            transactions=transactions,
            redis=redis,
            redis_url=broker.redis_url,
            events=events,
        )
    finally:
        transactions.close()
        blocking_engine.dispose()
        await events.aclose()
        await redis.aclose()
        await engine.dispose()


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
    try:
        while True:
            leadership = await Leadership.take(parts.database_url, lock_id=DISPATCHER_LOCK)
            log.info("dispatching")
            wakeups = Wakeups(leadership)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(wakeups.listen())
                    group.create_task(dispatcher.run(wakeups))
                    group.create_task(reconciler.run())
            except* (psycopg.Error, OSError) as errors:
                log.warning("leadership lost", error=str(errors.exceptions[0]).strip())
            finally:
                await leadership.close()
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
    while True:
        leadership = await Leadership.take(parts.database_url, lock_id=RESULTS_LOCK)
        log.info("consuming results")
        watch = asyncio.create_task(_until_ended(leadership))
        work = asyncio.create_task(consumer.run(leadership))
        try:
            await asyncio.wait({watch, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watch, work):
                task.cancel()
            await asyncio.gather(watch, work, return_exceptions=True)
            await leadership.close()
        log.warning("leadership lost")


async def _until_ended(leadership: Leadership) -> None:
    with contextlib.suppress(psycopg.Error, OSError):
        while True:
            await leadership.check()
            await asyncio.sleep(CHECK_EVERY_S)


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
