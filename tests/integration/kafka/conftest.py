"""The Kafka process between a real broker, a real PostgreSQL and the API in this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from operation_server.dispatch.parts import Parts, open_parts
from tests.fixtures.kafka import DEADLINE_S, KafkaBroker
from tests.integration.operation_server_api.conftest import adder, admin, settings, stranger, submit, user

__all__ = ["adder", "admin", "settings", "stranger", "submit", "user"]

EVENTS, SUBMISSIONS, DEAD_LETTERS = "events", "submissions", "submissions.dead-letters"


async def until(condition: Callable[[], Awaitable[Any]], *, timeout_s: float = DEADLINE_S) -> None:
    """Poll until a condition holds; fail at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < deadline, f"{condition} not met within {timeout_s} s"
        await asyncio.sleep(0.05)


@dataclass
class KafkaProcess:
    """`operation-server kafka`, which may be killed and started again."""

    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "operation_server.cli", "kafka"],
                env=os.environ | self.environment,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()
            self.running = None

    def health(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "operation_server.cli", "health", "kafka"],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )


@pytest.fixture
def environment(database_url: str, redis_url: str, kafka: KafkaBroker, tmp_path: Path) -> dict[str, str]:
    return {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_HEALTH_DIR": str(tmp_path),
        "SATELLITE_KAFKA_BOOTSTRAP_SERVERS": kafka.servers,
        "SATELLITE_KAFKA_EVENTS_TOPIC": EVENTS,
    }


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[KafkaProcess]:
    """The process, not yet started."""
    process = KafkaProcess(environment, tmp_path / "log")
    yield process
    process.kill()


@pytest.fixture
async def parts(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """What the process is made of, in this one."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with open_parts("kafka") as parts:
        yield parts


async def make_key(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Return a new API key of a client."""
    answer = await client.post("/api-keys", json={"name": "of Kafka", **fields})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


@contextlib.asynccontextmanager
async def beside(work: Any) -> AsyncIterator[asyncio.Task[None]]:
    """Run a loop until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
