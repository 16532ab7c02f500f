"""Where Redis and the Celery broker are, and the Celery options both sides must agree on."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BrokerSettings(BaseSettings):
    """Addresses of Redis (leases, events) and of the Celery broker."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("SATELLITE_REDIS_URL", "REDIS_URL"),
        description="Redis for leases, heartbeats and events.",
    )
    celery_broker_url: str | None = Field(
        default=None,
        validation_alias="CELERY_BROKER_URL",
        description="Celery broker; the same Redis unless set.",
    )

    @property
    def broker_url(self) -> str:
        """Return the Celery broker's URL."""
        return self.celery_broker_url or self.redis_url


def celery_options() -> dict[str, Any]:
    """Return the Celery configuration that operation server and workers share.

    Both sides must set the same transport options: the shortest visibility timeout among all clients
    of a Redis broker wins. It may be short here, because claims make a second delivery harmless and
    an outcome is safe to apply twice.
    """
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "enable_utc": True,
        "timezone": "UTC",
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_acks_late": False,
        "task_send_sent_event": False,
        "worker_send_task_events": True,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_publish_retry": True,
        "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2},
        "broker_transport_options": {
            "visibility_timeout": 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 3,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    }
