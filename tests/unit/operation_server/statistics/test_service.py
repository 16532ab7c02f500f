"""Who waits for statistics, and who is shown those of before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from operation_server.accounts.account import Account, Role
from operation_server.database.connections import Connections
from operation_server.statistics import service
from operation_server.statistics.service import StatisticsService
from tests.unit.operation_server.accounts.test_access import account

ADMIN: Account = account(Role.ADMIN)


class Store:
    """Answers with how often it was asked, once it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.fault: Exception | None = None

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        yield

    async def read(self, connection: object, owner_id: int | None) -> dict[str, Any]:
        del connection, owner_id
        self.asked += 1
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return {"asked": self.asked}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose figures are old as soon as they are read."""
    store = Store()
    monkeypatch.setattr(service, "summarise", store.read)
    monkeypatch.setattr(service, "FRESH_S", 0)
    monkeypatch.setattr(service, "FRESH_FACTOR", 0)
    return store


def of(store: Store) -> StatisticsService:
    return StatisticsService(cast("Connections", store))


async def test_fresh_figures_are_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FRESH_S", 60)
    statistics = of(store)

    assert [await statistics.summary(ADMIN) for _ in range(2)] == [{"asked": 1}, {"asked": 1}]


async def test_whoever_asks_waits_for_figures_that_take_no_time(store: Store) -> None:
    statistics = of(store)

    assert [await statistics.summary(ADMIN) for _ in range(2)] == [{"asked": 1}, {"asked": 2}]


async def test_figures_that_take_long_are_shown_while_they_are_read_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "QUICK_S", -1)
    statistics = of(store)
    await statistics.summary(ADMIN)
    store.answers.clear()

    meanwhile = [await statistics.summary(ADMIN) for _ in range(3)]
    store.answers.set()

    assert meanwhile == [{"asked": 1}] * 3
    async with asyncio.timeout(10):
        while await statistics.summary(ADMIN) == {"asked": 1}:
            await asyncio.sleep(0)


async def test_all_who_ask_at_once_wait_for_one_reading(store: Store) -> None:
    statistics = of(store)
    store.answers.clear()
    waiting = [asyncio.create_task(statistics.summary(ADMIN)) for _ in range(3)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    await asyncio.wait([waiting[0]])
    store.answers.set()

    assert await asyncio.gather(*waiting[1:]) == [{"asked": 1}] * 2


async def test_a_database_that_is_away_is_told_to_who_waits_and_hides_nothing_from_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics = of(store)
    store.fault = OperationalError("SELECT", None, OSError("gone"))
    with pytest.raises(OperationalError):
        await statistics.summary(ADMIN)

    store.fault = None
    monkeypatch.setattr(service, "QUICK_S", -1)
    await statistics.summary(ADMIN)
    store.fault = OperationalError("SELECT", None, OSError("gone"))

    assert [await statistics.summary(ADMIN) for _ in range(2)] == [{"asked": 2}] * 2
