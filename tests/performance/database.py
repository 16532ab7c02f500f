"""A migrated database of the bench's own, with real commits, and jobs in it by the million."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.connections import Connections
from operation_server.database.migrate import migrate
from satellite.local.ports import find_free_port
from satellite.local.postgres import EmbeddedPostgres
from satellite.settings.database import DatabaseSettings
from tests.fixtures.servers import running
from tests.integration.transitions.seed import add_plugin, add_user

FILL = text("""
    WITH made AS (
        SELECT now() - CASE WHEN :attempt > 0 THEN interval '30 days' * (:count - n) / :count
                            ELSE interval '0' END AS at
        FROM generate_series(1, CAST(:count AS bigint)) AS n
    )
    INSERT INTO jobs (owner_id, plugin_id, plugin_name, plugin_version, input_data, timeout_s, max_retries,
                      created_at, status, attempt, dispatched_at, started_at, completed_at, worker, result)
    SELECT :owner_id, :plugin_id, 'echo', '1', '{"n": 1}', 60, 3, at, CAST(:status AS text), :attempt,
           CASE WHEN :attempt > 0 THEN at END, CASE WHEN :attempt > 0 THEN at END,
           CASE WHEN :attempt > 0 THEN at END, CASE WHEN :attempt > 0 THEN 'w1' END,
           CASE WHEN :attempt > 0 THEN CAST('{"n": 1}' AS json) END
    FROM made
""")


@contextmanager
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL server with its settings as in `satellite up`."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-bench-pg-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(
        data_dir=folder / "data", password_file=folder / "password", port=find_free_port()
    )
    server.initialise()

    def answers() -> bool:
        try:
            connect(server).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        with running(server.command(), ready=answers, stop_signal=2, **server.identity()):
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: EmbeddedPostgres, name: str) -> str:
    """Make a migrated database; returns its URL."""
    with connect(server) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(server.url(name))
    return server.url(name)


@asynccontextmanager
async def fresh_database(server: EmbeddedPostgres, name: str) -> AsyncIterator[Connections]:
    """Open a new, migrated database with one user and the plugin `echo`, both of id 1."""
    settings = DatabaseSettings.model_validate(
        {"url": new_database(server, name), "statement_timeout_s": 300}
    )
    connections = Connections(settings, application_name="bench")
    async with connections.begin() as database:
        await database.run_sync(add_plugin, await database.run_sync(add_user))
    yield connections
    await connections.dispose()


async def fill_waiting(connection: AsyncConnection, count: int) -> None:
    """Store jobs that wait in the queue."""
    await _fill(connection, count, status="queued", attempt=0)


async def fill_finished(connection: AsyncConnection, count: int) -> None:
    """Store completed jobs of a month."""
    await _fill(connection, count, status="completed", attempt=1)


async def tidy(connections: Connections) -> None:
    """Do at once what autovacuum does within minutes, so that it does not run while something is measured."""
    async with connections.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE jobs"))


async def _fill(connection: AsyncConnection, count: int, *, status: str, attempt: int) -> None:
    values = {"owner_id": 1, "plugin_id": 1, "count": count, "status": status, "attempt": attempt}
    await connection.execute(FILL, values)


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    """Open a connection to the server's own database."""
    url = server.url("postgres").replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True, connect_timeout=2)
