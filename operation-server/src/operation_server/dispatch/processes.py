"""The two processes of this feature: the dispatcher with the reconciler, and the results consumer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from operation_server.database.engine import AsyncEngine, create_blocking_engine, create_engine
from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.dispatcher import Dispatcher
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Leadership, LeadershipLost, Wakeups
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.exposition import serve_metrics
from operation_server.process_end import must_go_on
from operation_server.settings import DispatchSettings, MetricsSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

DISPATCHER_LOCK = 5_172_001
RESULTS_LOCK = 5_172_002
REDIS_TIMEOUTS: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}

Loops = Mapping[str, Coroutine[Any, Any, None]]

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


async def lead(
    database_url: str, *, lock_id: int, what: str, loops: Callable[[Leadership], Loops]
) -> NoReturn:
    """Run loops whenever this process is the leader; each ends with the leadership, or ends the process."""
    while True:
        leadership = await Leadership.take(database_url, lock_id=lock_id)
        log.info(what)
        try:
            async with asyncio.TaskGroup() as group:
                for name, loop in loops(leadership).items():
                    group.create_task(must_go_on(name, loop, foreseen=(LeadershipLost,)))
        except* LeadershipLost as lost:
            log.warning("leadership lost", error=str(lost.exceptions[0]))
        finally:
            await leadership.close()


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
