"""Where Redis and the Celery broker are, and the Celery options both sides must agree on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import SettingsConfigDict

from satellite.settings.group import SettingsGroup

NETWORK_SCHEMES = {"redis", "rediss"}
SOCKET_SCHEMES = {"unix", "redis+socket"}
AMQP_SCHEMES = {"amqp", "amqps"}
LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}


class BrokerTransport(StrEnum):
    """What carries Celery's messages."""

    REDIS = "redis"
    AMQP = "amqp"
    """RabbitMQ."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return what a broker's URL means; what is no AMQP is for Redis to refuse."""
        return cls("amqp" if urlsplit(url).scheme in AMQP_SCHEMES else "redis")


class RedisPlace(NamedTuple):
    """Which database of which Redis server a URL means; credentials and options are left out."""

    server: str
    database: str

    @classmethod
    def of(cls, url: str) -> Self | None:
        """Return the place that a URL of redis-py or Celery means, or None when it is no Redis."""
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        stated = (options.get("db") or options.get("virtual_host") or [""])[0].strip("/")
        if parts.scheme in SOCKET_SCHEMES:
            return cls(parts.path, stated or "0")
        if parts.scheme not in NETWORK_SCHEMES:
            return None
        host = (parts.hostname or "").rstrip(".")
        server = f"{'localhost' if host in LOOPBACK else host}:{parts.port or 6379}"
        return cls(server, stated or parts.path.strip("/") or "0")


class BrokerSettings(SettingsGroup):
    """Addresses of Redis (leases, events) and of the Celery broker."""

    # A URL may hold a password, which an error must not show.
    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("SATELLITE_REDIS_URL", "REDIS_URL"),
        description="Redis for leases, heartbeats and events.",
    )
    celery_broker_url: str | None = Field(
        default=None,
        validation_alias="CELERY_BROKER_URL",
        description="Celery broker: the same Redis unless set, or a RabbitMQ (`amqp://`, `amqps://`).",
    )

    @model_validator(mode="after")
    def _one_redis_for_both(self) -> Self:
        """Refuse another Redis, whose results nobody would read: they are taken past Celery, from this."""
        if not self.celery_broker_url or self.transport is BrokerTransport.AMQP:
            return self
        broker = RedisPlace.of(self.celery_broker_url)
        if broker is None or broker != RedisPlace.of(self.redis_url):
            raise ValueError(
                "CELERY_BROKER_URL names another server or database than SATELLITE_REDIS_URL, where the"
                " outcomes of all jobs would be lost; unset CELERY_BROKER_URL, or make both the same Redis,"
                " or name a RabbitMQ as amqp://USER:PASSWORD@HOST:5672/VHOST"
            )
        return self

    @property
    def broker_url(self) -> str:
        """Return the Celery broker's URL."""
        return self.celery_broker_url or self.redis_url

    @property
    def transport(self) -> BrokerTransport:
        """Return what carries Celery's messages."""
        return BrokerTransport.of(self.broker_url)


def celery_options(transport: BrokerTransport) -> dict[str, Any]:
    """Return the Celery configuration that operation server and workers share."""
    return COMMON_OPTIONS | OPTIONS_OF[transport]


COMMON_OPTIONS: dict[str, Any] = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "enable_utc": True,
    "timezone": "UTC",
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_send_sent_event": False,
    "worker_send_task_events": True,
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_publish_retry": True,
    "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2},
}
OPTIONS_OF: dict[BrokerTransport, dict[str, Any]] = {
    BrokerTransport.REDIS: {
        "task_acks_late": False,
        # Both sides must set the same: the shortest visibility timeout among all clients of a Redis wins. It
        # may be short, because claims make a second delivery harmless and an outcome is safe to apply twice.
        "broker_transport_options": {
            "visibility_timeout": 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 3,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    },
    BrokerTransport.AMQP: {
        # An unacknowledged message is a slot, and goes to another worker when this one's connection ends.
        "task_acks_late": True,
        "broker_heartbeat": 20,
        "broker_connection_timeout": 3,
        "broker_transport_options": {"read_timeout": 10, "write_timeout": 10},
    },
}
