"""The transitions on a real PostgreSQL, called from plain functions: one event loop, one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.engine import create_engine
from operation_server.jobs.transitions import PluginCatalog
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.settings.database import DatabaseSettings
from tests.integration.transitions.seed import add_plugin, add_user
from tests.property.job_model import ModelPlugin, ModelUser

Answer = TypeVar("Answer")

CLEAR = text("TRUNCATE jobs, job_attempts, job_events, job_logs, plugin_controls")
JOBS = text("SELECT * FROM jobs ORDER BY id")
BY_PLACE = text("SELECT id FROM jobs ORDER BY order_key, id")
ATTEMPTS = text("SELECT job_id, attempt, outcome FROM job_attempts ORDER BY attempt")
EVENTS = text("SELECT job_id, type, data FROM job_events ORDER BY id")


@dataclass(kw_only=True)
class JobDatabase:
    """Runs transitions, each in a transaction of its own, and reads what came of them."""

    runner: asyncio.Runner
    connection: AsyncConnection
    plugins: dict[tuple[str, str], int] = field(default_factory=dict)
    """Ids by name and version."""
    users: dict[str, int] = field(default_factory=dict)
    catalog: PluginCatalog = field(default_factory=PluginCatalog)

    def add_user(self, user: ModelUser) -> None:
        self.users[user.name] = self.apply(
            lambda connection: add_user(connection, user.name, max_running=user.max_running)
        )

    def add_plugin(self, plugin: ModelPlugin, version: str) -> None:
        retry = RetryPolicy(delay_s=plugin.retry_delay_s, kinds=sorted(plugin.retried))
        owner_id = next(iter(self.users.values()))
        self.plugins[plugin.name, version] = self.apply(
            lambda connection: add_plugin(
                connection, owner_id, plugin.name, version, max_running=plugin.max_running, retry=retry
            )
        )

    def clear(self) -> None:
        self.change(CLEAR)

    def apply(self, transition: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Commit what `transition` does."""

        async def committed() -> Answer:
            async with self.connection.begin():
                return await transition(self.connection)

        return self.runner.run(committed())

    def attempt_and_crash(self, transition: Callable[[AsyncConnection], Awaitable[Any]]) -> None:
        """Do as a process that dies before its commit."""

        async def rolled_back() -> None:
            async with self.connection.begin() as transaction:
                await transition(self.connection)
                await transaction.rollback()

        self.runner.run(rolled_back())

    def change(self, statement: Any, **parameters: Any) -> None:
        """Change rows past the transitions, as time and operators do."""
        self.apply(lambda connection: connection.execute(statement, parameters))

    def snapshot(self) -> tuple[list[Row[Any]], list[Row[Any]], list[Row[Any]]]:
        """Return all jobs, finished attempts and durable events."""

        async def read(connection: AsyncConnection) -> list[list[Row[Any]]]:
            return [list((await connection.execute(one)).all()) for one in (JOBS, ATTEMPTS, EVENTS)]

        jobs, attempts, events = self.apply(read)
        return jobs, attempts, events

    def rows(self, statement: Any) -> list[Row[Any]]:
        async def read(connection: AsyncConnection) -> list[Row[Any]]:
            return list((await connection.execute(statement)).all())

        return self.apply(read)


@contextmanager
def job_database(url: str, plugins: list[ModelPlugin], users: list[ModelUser]) -> Iterator[JobDatabase]:
    """Open a database that knows each of `plugins` in versions 1 and 2, and `users`."""
    with asyncio.Runner() as runner:
        engine = create_engine(DatabaseSettings(url=url), application_name="property")
        database = JobDatabase(runner=runner, connection=runner.run(_connect(engine)))
        for user in users:
            database.add_user(user)
        for plugin in plugins:
            for version in ("1", "2"):
                database.add_plugin(plugin, version)
        try:
            yield database
        finally:
            runner.run(database.connection.close())
            runner.run(engine.dispose())


async def _connect(engine: Any) -> AsyncConnection:
    connection: AsyncConnection = await engine.connect()
    return connection
