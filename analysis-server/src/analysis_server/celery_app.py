"""The Celery application of the worker: thread pool, no results, and what its broker needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celery import Celery
from kombu.entity import Queue

from analysis_server.lifecycle import held_messages
from analysis_server.lifecycle.command_line import add_options
from analysis_server.lifecycle.event_flush import EventFlush
from analysis_server.lifecycle.free_slots import TakeWhileFree
from analysis_server.lifecycle.slots import Slots
from analysis_server.settings import WorkerSettings
from satellite.contracts.amqp_queues import queue_arguments
from satellite.contracts.task_names import canary_queue
from satellite.settings.broker import BrokerSettings, BrokerTransport, celery_options


def consume(app: Celery, queues: Sequence[str]) -> None:
    """Let the worker consume these queues besides its canary's; only before its consumer starts."""
    for name in queues:
        app.amqp.queues.select_add(app.queue_of(name))


def make_app() -> Celery:
    """Return the application, configured from the environment."""
    settings, broker = WorkerSettings(), BrokerSettings()
    app = Celery(
        "analysis_server",
        broker=broker.broker_url,
        include=["analysis_server.tasks.execute", "analysis_server.tasks.canary"],
    )
    # Here the consumer's steps, which Celery makes, and the parts of the worker both find them.
    app.slots = Slots(slots=settings.slots, seats=settings.batch_seats)
    app.queue_of = _TRANSPORTS[broker.transport](app)
    app.conf.update(
        celery_options(broker.transport),
        worker_concurrency=settings.slots + settings.batch_seats,
        # The others follow once the worker knows its runtimes; without any Celery would take its default one.
        task_queues=[app.queue_of(canary_queue(settings.name))],
        task_create_missing_queues=False,
        task_default_queue=canary_queue(settings.name),
    )
    app.steps["consumer"].add(EventFlush)
    add_options(app)
    return app


def _use_redis(app: Celery) -> Callable[[str], Queue]:
    """Take messages for good while slots are free, and return what makes a queue."""
    app.conf.update(
        broker_transport="analysis_server.lifecycle.broker_transport:Transport",
        worker_pool="analysis_server.lifecycle.free_slots:SlotPool",
    )
    app.steps["consumer"].add(TakeWhileFree)

    def queue_of(name: str) -> Queue:
        # Messages are acknowledged as they are taken: claims, leases and the reconciler do what Kombu's list
        # of unacknowledged messages would do, for four round trips of the worker's loop less (decision 13).
        return Queue(name, routing_key=name, no_ack=True)  # type: ignore[no-untyped-call]

    return queue_of


def _use_amqp(app: Celery) -> Callable[[str], Queue]:
    """Hold a slot for each message that is not acknowledged, and return what makes a queue."""
    held_messages.use_no_delays()
    held_messages.tell_lost_connections_quietly()
    app.Task.Request = "analysis_server.lifecycle.held_messages:SlotRequest"
    app.conf.update(worker_pool="analysis_server.lifecycle.held_messages:HoldingPool")
    app.steps["consumer"].add(held_messages.HoldBeyondSlots)

    def queue_of(name: str) -> Queue:
        return Queue(name, routing_key=name, queue_arguments=queue_arguments(name))  # type: ignore[no-untyped-call]

    return queue_of


_TRANSPORTS = {BrokerTransport.REDIS: _use_redis, BrokerTransport.AMQP: _use_amqp}

app = make_app()
