"""A worker that waits for a server names the setting that says where it is."""

from __future__ import annotations

import pytest
from celery import Celery
from redis import Redis
from structlog.testing import capture_logs

from analysis_server.lifecycle.reachability import tell_unreachable
from satellite.local.ports import find_free_port
from satellite.settings.broker import BrokerSettings


@pytest.mark.parametrize(
    ("scheme", "named"),
    [("amqp", {"SATELLITE_REDIS_URL", "CELERY_BROKER_URL"}), (None, {"SATELLITE_REDIS_URL"})],
)
def test_each_setting_is_named(scheme: str | None, named: set[str]) -> None:
    redis_url = f"redis://127.0.0.1:{find_free_port()}/0"
    url = f"{scheme}://127.0.0.1:{find_free_port()}//" if scheme else None
    broker = BrokerSettings(redis_url=redis_url, celery_broker_url=url)
    app = Celery(broker=broker.broker_url, set_as_current=False)

    with Redis.from_url(redis_url) as redis, capture_logs() as lines:
        tell_unreachable(app, redis, broker)

    assert {line["setting"] for line in lines} == named
    assert all("refused" in line["error"] for line in lines)
