"""The API in this process, and what tells users: in this process, or in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.parts import Parts, open_parts
from operation_server.notifications.process import lead_notifications
from operation_server.secrets.key_ring import KeyRing
from operation_server.settings import (
    NotificationSettings,
    OperationSettings,
    SecretSettings,
    SmtpSettings,
)
from tests.integration.operation_server_api.conftest import adder, admin, other, stranger, submit, user
from tests.integration.operation_server_api.conftest import settings as plain_settings

__all__ = ["adder", "admin", "other", "plain_settings", "stranger", "submit", "user"]

DEADLINE_S = 180.0
"""Only a hang meets it: a process took 62 s to start while twenty wanted the two cores (2026-11-30)."""
KEY = secrets.token_hex(32)
LOOPBACK = ip_network("127.0.0.0/8")


async def until(condition: Callable[[], Awaitable[Any]], *, timeout_s: float = DEADLINE_S) -> Any:
    """Poll until a condition holds, and return what it said; fail at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"{condition} not met within {timeout_s} s"
        await asyncio.sleep(0.05)
    return value


@pytest.fixture
def notification_settings() -> NotificationSettings:
    return NotificationSettings(allowed_networks=[LOOPBACK], timeout_s=2, lease_s=5)


@pytest.fixture
def smtp_settings() -> SmtpSettings:
    return SmtpSettings()


@pytest.fixture
def settings(
    plain_settings: OperationSettings,
    notification_settings: NotificationSettings,
    smtp_settings: SmtpSettings,
) -> OperationSettings:
    return plain_settings.model_copy(
        update={
            "secrets": SecretSettings(key=SecretStr(KEY)),
            "notifications": notification_settings,
            "smtp": smtp_settings,
        }
    )


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_HEALTH_DIR": str(tmp_path),
        "SATELLITE_SECRETS_KEY": KEY,
        "SATELLITE_NOTIFICATIONS_ALLOWED_NETWORKS": str(LOOPBACK),
        "SATELLITE_NOTIFICATIONS_LEASE_S": "5",
        "SATELLITE_NOTIFICATIONS_TIMEOUT_S": "2",
    }


@dataclass
class NotificationProcess:
    """`operation-server notifications`, which may be killed and started again."""

    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "operation_server.cli", "notifications"],
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
            [sys.executable, "-m", "operation_server.cli", "health", "notifications"],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[NotificationProcess]:
    """The process, not yet started."""
    process = NotificationProcess(environment, tmp_path / "log")
    yield process
    process.kill()


@pytest.fixture
async def parts(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """What the process is made of, in this one."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with open_parts("notifications") as parts:
        yield parts


@pytest.fixture
async def telling(
    parts: Parts, notification_settings: NotificationSettings, smtp_settings: SmtpSettings
) -> AsyncIterator[None]:
    """All that the process does, in this one."""
    ring = KeyRing(SecretStr(KEY))
    task = asyncio.create_task(lead_notifications(parts, notification_settings, smtp_settings, ring))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def make_channel(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/notification-channels", json={"name": "hook", "kind": "webhook", **fields})
    assert answer.status_code == 201, answer.text
    channel: dict[str, Any] = answer.json()
    return channel


async def make_rule(client: httpx.AsyncClient, *channel_ids: int, **fields: Any) -> dict[str, Any]:
    rule = {"name": "all", "kinds": ["job_completed", "job_failed", "job_cancelled"], **fields}
    answer = await client.post("/notification-rules", json=rule | {"channel_ids": list(channel_ids)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/notification-deliveries", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def delivered(
    client: httpx.AsyncClient, *, status: str = "delivered", count: int = 1
) -> list[dict[str, Any]]:
    """Return the deliveries of a status, once there are so many."""

    async def enough() -> list[dict[str, Any]] | None:
        found = await deliveries(client, status=status)
        return found if len(found) >= count else None

    found: list[dict[str, Any]] = await until(enough)
    return found


async def cancel(client: httpx.AsyncClient, job_id: int) -> None:
    """End a job that waits, which is the quickest way to end one."""
    (await client.post(f"/jobs/{job_id}/cancel")).raise_for_status()


async def wait_for_mark(engine: AsyncEngine) -> None:
    """Wait until every event was looked at."""

    async def is_there() -> bool:
        async with engine.connect() as connection:
            return bool(
                await connection.scalar(
                    text(
                        "SELECT position >= (SELECT coalesce(max(id), 0) FROM job_events) FROM event_readers"
                        " WHERE name = 'notifications'"
                    )
                )
            )

    await until(is_there)
