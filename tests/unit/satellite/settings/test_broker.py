"""One Redis for everything: a broker elsewhere is refused before anything is lost there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from satellite.settings.broker import BrokerSettings, BrokerTransport, celery_options

COMMANDS = [
    pytest.param(["-m", "operation_server.cli", "api"], id="api"),
    pytest.param(["-m", "operation_server.cli", "results"], id="results"),
    pytest.param(["-m", "analysis_server"], id="worker"),
    pytest.param(["-m", "celery", "-A", "operation_server.dispatch.celery_app", "flower"], id="flower"),
]


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://127.0.0.1:6379/0", None),
        ("redis://127.0.0.1:6379/0", ""),
        ("redis://127.0.0.1:6379/0", "redis://localhost"),
        ("redis://127.0.0.1", "redis://:secret@[::1]:6379/"),
        ("redis://cache.example/2", "rediss://user:secret@Cache.Example.:6379/2?ssl_cert_reqs=none"),
        ("redis://cache:7000?db=3", "redis://cache:7000/3"),
        ("unix:///run/redis.sock?db=1", "redis+socket:///run/redis.sock?virtual_host=1"),
    ],
)
def test_the_same_redis_in_other_words_is_taken(redis_url: str, broker_url: str | None) -> None:
    settings = BrokerSettings(redis_url=redis_url, CELERY_BROKER_URL=broker_url)

    assert settings.broker_url == (broker_url or redis_url)


@pytest.mark.parametrize(
    "broker_url", ["amqp://guest@127.0.0.1:5672//", "amqps://user:secret@rabbit.example"]
)
def test_a_rabbitmq_is_taken_beside_the_redis(broker_url: str) -> None:
    settings = BrokerSettings(redis_url="redis://127.0.0.1:6379/0", CELERY_BROKER_URL=broker_url)

    assert settings.broker_url == broker_url
    assert settings.transport is BrokerTransport.AMQP
    assert celery_options(settings.transport)["task_acks_late"]


@pytest.mark.parametrize(
    "broker_url",
    [
        "redis://127.0.0.1:6380/0",
        "redis://127.0.0.1:6379/1",
        "redis://other:6379/0",
        "redis+socket:///run/redis.sock",
        "memory://",
        "sentinel://127.0.0.1:6379/0",
        "redis://127.0.0.1:6379/0;redis://127.0.0.2:6379/0",
    ],
)
def test_another_broker_is_refused(broker_url: str) -> None:
    with pytest.raises(ValidationError, match="unset CELERY_BROKER_URL"):
        BrokerSettings(redis_url="redis://127.0.0.1:6379/0", CELERY_BROKER_URL=broker_url)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_process_refuses_it_at_its_start(command: list[str]) -> None:
    environment = os.environ | {
        "SATELLITE_REDIS_URL": "redis://:hush@127.0.0.1:1/0",
        "CELERY_BROKER_URL": "redis://:hush@127.0.0.1:1/1",
        "SATELLITE_AUTH_SECRET_KEY": "x" * 32,
        "SATELLITE_RAY_ADDRESS": "127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "unset CELERY_BROKER_URL" in " ".join(said.split())
    assert "hush" not in said
