"""Logins wait for each other, up to a number; nobody else waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from operation_server.accounts import passwords
from operation_server.settings import AuthSettings, OperationSettings
from tests.integration.operation_server_api.conftest import ADMIN

PATIENCE_S = 20


class Gate:
    """Holds every comparison of passwords until it is opened."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def verify(self, hashed: str, password: str) -> bool:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.may_go.wait(PATIENCE_S)
        with self._lock:
            self.at_once -= 1
        return bool(hashed and password)


@pytest.fixture
def settings(settings: OperationSettings) -> OperationSettings:
    """Two passwords at once, and three in line."""
    auth = AuthSettings(secret_key=settings.auth.secret_key, hashes_at_once=2, hashes_waiting=3)
    return settings.model_copy(update={"auth": auth})


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(passwords, "_verify", gate.verify)
    yield gate
    gate.may_go.set()


async def test_a_crowd_of_logins_is_bounded_and_others_are_served(
    stranger: httpx.AsyncClient,
    user: httpx.AsyncClient,
    submit: Callable[..., Awaitable[dict[str, Any]]],
    gate: Gate,
) -> None:
    job = await submit()
    crowd = [asyncio.create_task(stranger.post("/auth/token", json=ADMIN)) for _ in range(40)]
    refused = 0
    async with asyncio.timeout(PATIENCE_S):
        while refused < 35:
            refused = sum(task.done() for task in crowd)
            await asyncio.sleep(0.01)
        answers = [
            await stranger.get("http://satellite/health"),
            await user.get(f"/jobs/{job['id']}"),
            await user.get(f"/jobs/{job['id']}/logs"),
            await user.get("/users/me"),
        ]
        busy = await stranger.post("/auth/token", json=ADMIN)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert (busy.status_code, busy.json()["code"]) == (503, "logins_busy")
    assert int(busy.headers["retry-after"]) > 0
    assert gate.most_at_once == 2
    gate.may_go.set()
    statuses = sorted([answer.status_code for answer in await asyncio.gather(*crowd)])
    assert statuses == [200] * 5 + [503] * 35


async def test_there_is_room_again_after_the_crowd(stranger: httpx.AsyncClient, gate: Gate) -> None:
    gate.may_go.set()
    for _ in range(3):
        crowd = await asyncio.gather(*(stranger.post("/auth/token", json=ADMIN) for _ in range(5)))
        assert [answer.status_code for answer in crowd] == [200] * 5
