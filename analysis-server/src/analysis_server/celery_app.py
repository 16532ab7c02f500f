"""The Celery application of the worker: thread pool, no acknowledgement, no prefetch, no results."""

from __future__ import annotations

from celery import Celery
from kombu.entity import Queue

from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.lifecycle.event_flush import EventFlush
from analysis_server.lifecycle.free_slots import TakeWhileFree
from analysis_server.lifecycle.slots import Slots
from analysis_server.settings import WorkerSettings
from satellite.contracts.task_names import EXECUTE_GPU_QUEUE, EXECUTE_QUEUE, canary_queue
from satellite.settings.broker import BrokerSettings, celery_options


def consumed_queues(settings: WorkerSettings) -> list[str]:
    """Return the queues of a worker; only one with graphics cards takes jobs that need them."""
    queues = [EXECUTE_QUEUE, canary_queue(settings.name)]
    return [*queues, EXECUTE_GPU_QUEUE] if detect_cards(settings.fake_gpus) else queues


def _queue(name: str) -> Queue:
    # Messages are acknowledged as they are taken: claims, leases and the reconciler do what Kombu's list of
    # unacknowledged messages would do, for four round trips of the worker's loop less (decision 13).
    return Queue(name, routing_key=name, no_ack=True)  # type: ignore[no-untyped-call]


def make_app() -> Celery:
    """Return the application, configured from the environment."""
    settings = WorkerSettings()
    app = Celery(
        "analysis_server",
        broker=BrokerSettings().broker_url,
        include=["analysis_server.tasks.execute", "analysis_server.tasks.canary"],
    )
    app.conf.update(
        celery_options(),
        broker_transport="analysis_server.lifecycle.broker_transport:Transport",
        worker_pool="analysis_server.lifecycle.free_slots:SlotPool",
        worker_concurrency=settings.slots + settings.batch_seats,
        task_queues=[_queue(name) for name in consumed_queues(settings)],
        task_create_missing_queues=False,
        task_default_queue=EXECUTE_QUEUE,
    )
    app.steps["consumer"].update([EventFlush, TakeWhileFree])
    # Here the consumer's steps, which Celery makes, and the parts of the worker both find it.
    app.slots = Slots(slots=settings.slots, seats=settings.batch_seats)
    return app


app = make_app()
