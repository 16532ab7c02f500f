"""The transitions on a real PostgreSQL, over one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, text

from operation_server.database.engine import create_blocking_engine
from operation_server.jobs.transitions import VersionCatalog
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.settings.database import DatabaseSettings
from tests.integration.transitions.seed import add_plugin, add_user
from tests.property.job_model import ModelPlugin, ModelUser

Answer = TypeVar("Answer")

CLEAR = text("TRUNCATE jobs, job_events, plugin_controls CASCADE")
FORGET = [
    text(f"DELETE FROM {table} WHERE {column} = ANY(CAST(:ids AS bigint[]))")
    for table, column in (("job_events", "job_id"), ("jobs", "id"))
]
JOBS = text("SELECT * FROM jobs ORDER BY id")
BY_PLACE = text("SELECT id FROM jobs ORDER BY order_key, id")
ATTEMPTS = text("SELECT job_id, attempt, outcome FROM job_attempts ORDER BY attempt")
EVENTS = text("SELECT job_id, type, data FROM job_events ORDER BY id")


@dataclass(kw_only=True)
class JobDatabase:
    """Runs transitions, each in a transaction of its own, and reads what came of them."""

    connection: Connection
    plugins: dict[tuple[str, str], int] = field(default_factory=dict)
    """Ids by name and version."""
    users: dict[str, int] = field(default_factory=dict)
    catalog: VersionCatalog = field(default_factory=VersionCatalog)

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

    def forget(self, job_ids: Sequence[int], *, next_id: int) -> None:
        """Be as a backup from before these jobs were submitted: the next one gets the number `next_id`."""
        for statement in FORGET:
            self.change(statement, ids=list(job_ids))
        self.change(text(f"ALTER TABLE jobs ALTER COLUMN id RESTART WITH {next_id:d}"))

    def apply(self, transition: Callable[[Connection], Answer]) -> Answer:
        """Commit what `transition` does."""
        with self.connection.begin():
            return transition(self.connection)

    def attempt_and_crash(self, transition: Callable[[Connection], Any]) -> None:
        """Do as a process that dies before its commit."""
        with self.connection.begin() as transaction:
            transition(self.connection)
            transaction.rollback()

    def change(self, statement: Any, **parameters: Any) -> None:
        """Change rows past the transitions, as time and operators do."""
        self.apply(lambda connection: connection.execute(statement, parameters))

    def snapshot(self) -> tuple[list[Row[Any]], list[Row[Any]], list[Row[Any]]]:
        """Return all jobs, finished attempts and durable events."""

        def read(connection: Connection) -> list[list[Row[Any]]]:
            return [list(connection.execute(one).all()) for one in (JOBS, ATTEMPTS, EVENTS)]

        jobs, attempts, events = self.apply(read)
        return jobs, attempts, events

    def rows(self, statement: Any) -> list[Row[Any]]:
        return self.apply(lambda connection: list(connection.execute(statement).all()))


@contextmanager
def job_database(url: str, plugins: list[ModelPlugin], users: list[ModelUser]) -> Iterator[JobDatabase]:
    """Open a database that knows each of `plugins` in versions 1 and 2, and `users`."""
    engine = create_blocking_engine(DatabaseSettings(url=url), application_name="property")
    with engine.connect() as connection:
        database = JobDatabase(connection=connection)
        for user in users:
            database.add_user(user)
        for plugin in plugins:
            for version in ("1", "2"):
                database.add_plugin(plugin, version)
        yield database
    engine.dispose()
