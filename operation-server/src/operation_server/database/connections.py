"""The connections of an API process: some for transactions, others for statements that stand alone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.engine import create_engine
from satellite.settings.database import DatabaseSettings

__all__ = ["AsyncConnection", "Connection", "Connections"]


class Connections:
    """Two pools, because to switch a connection over and back takes a third as long as a statement on it.

    0.25 of 1.0 ms on 2026-11-21, and a warm job makes two such statements while somebody waits.
    """

    def __init__(self, settings: DatabaseSettings, *, application_name: str) -> None:
        """Connect nowhere yet."""
        self.transactions = create_engine(settings, application_name=application_name)
        self._statements = create_engine(settings, application_name=application_name, autocommit=True)

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection in a transaction, which ends with the block."""
        return self.transactions.begin()

    def connect(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection on which each statement is a transaction of its own, in one round trip."""
        return self._statements.connect()

    async def dispose(self) -> None:
        """Close all connections."""
        await self._statements.dispose()
        await self.transactions.dispose()
