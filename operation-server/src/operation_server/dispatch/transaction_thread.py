"""Transactions of a loop that works in batches, in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from operation_server.database.connections import Connection
from operation_server.database.engine import Engine

Result = TypeVar("Result")


class TransactionThread:
    """Runs one transaction after the other with a blocking driver, beside an event loop.

    A round of five statements costs a third less than through the asynchronous driver, which goes through the
    event loop for each of them (2026-11-21).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = self._new_thread()

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what `work` returns, once its transaction has committed; what it raises rolls back.

        When the caller gives up waiting, the thread is left to itself and the next call gets a new one: a
        database that does not answer must not hold up what follows.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)
        except asyncio.CancelledError:
            self.close()
            self._thread = self._new_thread()
            raise

    def close(self) -> None:
        """Take no more work; does not wait for what is under way."""
        self._thread.shutdown(wait=False)

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.begin() as connection:
            return work(connection)

    def _new_thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="transactions")
