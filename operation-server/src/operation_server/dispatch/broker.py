"""The connection to the broker, and what it fails with."""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from kombu.transport import pyamqp
from redis.exceptions import RedisError

from operation_server.faults import Outage

BROKER_FAULTS = (
    OperationalError,
    KombuError,
    RedisError,
    OSError,
    *pyamqp.Transport.connection_errors,
    *pyamqp.Transport.channel_errors,
)
CONNECT_TIMEOUT_S = 3


class BrokerDown(Outage):
    """The broker takes no messages; jobs wait in the database."""

    code = "broker_down"


def connected(app: Celery, *, heartbeat_s: int | None = None) -> Any:
    """Return an open Kombu connection.

    Raises:
        BROKER_FAULTS: the broker does not answer.
    """
    connection = app.connection_for_write(heartbeat=heartbeat_s)
    connection.ensure_connection(max_retries=0, timeout=CONNECT_TIMEOUT_S)
    return connection
