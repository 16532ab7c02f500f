"""Transactions in a thread, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from operation_server.dispatch.transaction_thread import TransactionThread


@pytest.fixture
def transactions(blocking_engine: Engine) -> Iterator[TransactionThread]:
    thread = TransactionThread(blocking_engine)
    yield thread
    thread.close()


def add_user(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO users (username, password_hash) VALUES (:name, '')"), {"name": name})


def count_users(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM users")).scalar_one())


async def test_what_returns_is_committed(transactions: TransactionThread) -> None:
    await transactions.run(lambda connection: add_user(connection, "ada"))
    assert await transactions.run(count_users) == 1


async def test_what_raises_has_not_happened(transactions: TransactionThread) -> None:
    def add_and_fail(connection: Connection) -> None:
        add_user(connection, "ada")
        raise ConnectionError("the broker is gone")

    with pytest.raises(ConnectionError):
        await transactions.run(add_and_fail)
    assert await transactions.run(count_users) == 0


async def test_a_call_that_hangs_holds_up_no_later_one(transactions: TransactionThread) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await transactions.run(lambda connection: connection.execute(text("SELECT pg_sleep(4)")))
    began = time.monotonic()
    assert await transactions.run(count_users) == 0
    assert time.monotonic() - began < 3
