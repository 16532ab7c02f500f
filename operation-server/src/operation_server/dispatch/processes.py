"""The two processes of this feature: the dispatcher with the reconciler, and the results consumer."""

from __future__ import annotations

import asyncio

from redis import Redis as BlockingRedis

from operation_server.dispatch.advancer import Advancer
from operation_server.dispatch.amqp_results import AmqpResults
from operation_server.dispatch.attempt_grants import AttemptGrants
from operation_server.dispatch.capacity import CapacityReader
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.dispatcher import Dispatcher
from operation_server.dispatch.leadership import Leadership, Loops, lead
from operation_server.dispatch.locks import DISPATCHER_LOCK, RESULTS_LOCK
from operation_server.dispatch.parts import REDIS_TIMEOUTS, Parts, open_parts
from operation_server.dispatch.publisher import JobPublisher
from operation_server.dispatch.reconciler import Reconciler
from operation_server.dispatch.redis_results import RedisResults
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.scheduler import Scheduler
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Wakeups
from operation_server.events.handler import EventHandler
from operation_server.events.reader import EventReader
from operation_server.files.grants import Grants
from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.inference.rollout_watch import RolloutWatch
from operation_server.jobs.loss_budget import loss_budget
from operation_server.process_end import until_signal
from operation_server.settings import DAY_S, AuthSettings, DispatchSettings, FileSettings
from operation_server.workflows.schedules.beginning import SchedulerParts
from operation_server.workflows.transitions import AdvanceParts
from satellite.settings.broker import BrokerSettings, BrokerTransport
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

EVENT_READERS: tuple[EventHandler, ...] = ()
"""Who follows durable events, beside the stream of clients."""


async def lead_dispatch(parts: Parts, settings: DispatchSettings) -> None:
    """Dispatch and reconcile whenever this process is the leader; returns never."""
    files = FileSettings()
    granting = attempt_grants(files)
    publisher = JobPublisher(make_app(), granting)
    dispatcher = Dispatcher(
        transactions=parts.transactions,
        redis=BlockingRedis.from_url(parts.redis_url, **REDIS_TIMEOUTS),
        publisher=publisher,
        capacity=CapacityReader(parts.redis, settings),
        settings=settings,
        life=parts.life,
    )
    reconciler = Reconciler(
        engine=parts.engine,
        redis=parts.redis,
        publisher=publisher,
        events=parts.events,
        settings=settings,
        granting=granting,
    )

    advancing = AdvanceParts()
    run_transactions = TransactionThread(parts.blocking_engine)
    advancer = Advancer(
        transactions=run_transactions,
        redis=parts.redis,
        events=parts.events,
        parts=advancing,
    )
    tick_transactions = TransactionThread(parts.blocking_engine)
    scheduler = Scheduler(
        transactions=tick_transactions,
        redis=parts.redis,
        events=parts.events,
        parts=SchedulerParts(expressions=advancing.expressions),
    )
    storage = FileStorage.of(files)

    def loops(leadership: Leadership) -> Loops:
        wakeups = Wakeups(leadership)
        sweeping = {} if storage is None else {"file sweeper": sweeper_of(parts, storage, files).run()}
        return {
            "wakeups": wakeups.listen(),
            "dispatcher": dispatcher.run(wakeups),
            "advancer": advancer.run(wakeups),
            "scheduler": scheduler.run(),
            "reconciler": reconciler.run(),
            "database mark": parts.guard.keep_mark(),
            "rollouts": RolloutWatch(parts.engine, parts.events).run(),
            **{
                f"events for {reader.name}": EventReader(parts.engine, reader).run()
                for reader in EVENT_READERS
            },
            **sweeping,
        }

    try:
        await lead(
            parts.database_url,
            lock_id=DISPATCHER_LOCK,
            what="dispatching",
            loops=loops,
            life=parts.life,
            guard=parts.guard,
        )
    finally:
        run_transactions.close()
        tick_transactions.close()
        advancing.close()
        publisher.close()


def attempt_grants(files: FileSettings) -> AttemptGrants | None:
    """Return what lets workers fetch files; nothing where none are stored."""
    if files.storage_url is None:
        return None
    auth = AuthSettings()
    grants = Grants(auth.secret_key, previous=auth.previous_secret_keys)
    return AttemptGrants(grants, ttl_s=files.grant_ttl_s)


def results_source(parts: Parts) -> ResultsSource:
    """Return the source that goes with the broker."""
    broker = BrokerSettings()
    if broker.transport is BrokerTransport.AMQP:
        return AmqpResults(make_app(broker))
    return RedisResults(parts.redis)


def sweeper_of(parts: Parts, storage: FileStorage, settings: FileSettings) -> FileSweeper:
    """Return what removes files whose time has come."""
    return FileSweeper(parts.engine, storage, kept_s=settings.recoverable_days * DAY_S)


async def lead_results(parts: Parts, settings: DispatchSettings) -> None:
    """Consume results whenever this process is the leader; returns never."""
    consumer = ResultsConsumer(
        transactions=parts.transactions,
        redis=parts.redis,
        source=results_source(parts),
        events=parts.events,
        losses=loss_budget(settings),
        life=parts.life,
    )

    def loops(leadership: Leadership) -> Loops:
        return {"leadership": leadership.watch(), "results consumer": consumer.run(leadership)}

    await lead(
        parts.database_url,
        lock_id=RESULTS_LOCK,
        what="consuming results",
        loops=loops,
        life=parts.life,
        guard=parts.guard,
    )


def run_dispatcher() -> None:
    """Run the dispatcher and the reconciler until a signal ends them."""
    configure_logging(LogSettings())

    async def work() -> None:
        async with open_parts("dispatcher") as parts:
            await lead_dispatch(parts, DispatchSettings())

    asyncio.run(until_signal(work()))


def run_results() -> None:
    """Run the results consumer until a signal ends it."""
    configure_logging(LogSettings())

    async def work() -> None:
        async with open_parts("results") as parts:
            await lead_results(parts, DispatchSettings())

    asyncio.run(until_signal(work()))
