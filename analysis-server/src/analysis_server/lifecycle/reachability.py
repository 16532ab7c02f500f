"""What a worker says of servers that do not answer at its start: it waits, and Celery names no setting."""

from __future__ import annotations

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from satellite.settings.broker import BrokerSettings, BrokerTransport

ANSWER_WITHIN_S = 3

logger = structlog.get_logger(__name__)


def tell_unreachable(app: Celery, redis: Redis, broker: BrokerSettings) -> None:
    """Log a line for each server that does not answer, with the name of the setting."""
    try:
        redis.ping()
    except (RedisError, OSError) as error:
        logger.warning("waiting for Redis", setting="SATELLITE_REDIS_URL", error=str(error))
    if broker.transport is not BrokerTransport.AMQP:
        return
    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=0, timeout=ANSWER_WITHIN_S)
    except (OperationalError, OSError) as error:
        logger.warning("waiting for RabbitMQ", setting="CELERY_BROKER_URL", error=str(error))
