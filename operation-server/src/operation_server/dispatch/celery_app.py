"""The Celery application of the operation server: it only sends tasks; Flower watches through it."""

from __future__ import annotations

from celery import Celery

from satellite.contracts.task_names import EXECUTE_QUEUE
from satellite.settings.broker import BrokerSettings, celery_options


def make_app(broker: BrokerSettings | None = None) -> Celery:
    """Return the application, configured from the environment unless told otherwise."""
    broker = broker or BrokerSettings()
    app = Celery("operation_server", broker=broker.broker_url)
    app.conf.update(celery_options(broker.transport), task_default_queue=EXECUTE_QUEUE)
    return app


app = make_app()
