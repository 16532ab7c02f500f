"""Changes the schema of a database, up and down, so that nobody who works on it waits for long."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from operation_server.database.phases import Phase, end_of_phase, pending_after
from satellite.errors import SatelliteError

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_LOCK = 7_301_001
"""Advisory lock, so that replicas that start together migrate one after the other."""
OLDEST_SERVER: Final = 14
LOCK_NOT_AVAILABLE: Final = "55P03"
TRY_AGAIN_S: Final = 2.0
"""Who came while a migration waited for a table is served meanwhile."""
TRIED_FOR_S: Final = 900.0
OLDEST_TRANSACTION = text("""
    SELECT format('pid %s of %s, %s s', pid, coalesce(nullif(application_name, ''), usename),
                  extract(epoch FROM date_trunc('second', now() - xact_start)))
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1
""")

log = structlog.get_logger(__name__)


class ServerTooOld(SatelliteError):
    """The database is of a release of PostgreSQL that lacks what Satellite asks of it."""

    code = "server_too_old"


class TablesBusy(SatelliteError):
    """Somebody keeps a table, so its migration was given up; end their transaction and run it again."""

    code = "tables_busy"


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Migrate up to `revision` under an advisory lock; safe to repeat and to run in parallel.

    Raises:
        ServerTooOld: it is no PostgreSQL 14 or newer.
        DatabaseNewer: the database is of a newer release.
        TablesBusy: a lock could not be had for a quarter of an hour.
    """
    with schema_connection(database_url) as connection:
        if _pending(connection):
            _run(command.upgrade, connection, revision)


def migrate_phase(database_url: str, phase: Phase) -> None:
    """Run the migrations of one phase that are next; safe to repeat.

    Raises:
        ServerTooOld: it is no PostgreSQL 14 or newer.
        PhaseNotDue: those of the other phase come first.
        DatabaseNewer: the database is of a newer release.
        TablesBusy: a lock could not be had for a quarter of an hour.
    """
    with schema_connection(database_url) as connection:
        revision = end_of_phase(_pending(connection), phase)
        if revision is not None:
            _run(command.upgrade, connection, revision)


def migrate_down(database_url: str, *, revision: str) -> None:
    """Migrate down to `revision` (`base` for an empty database) under the same lock.

    Raises:
        TablesBusy: a lock could not be had for a quarter of an hour.
    """
    with schema_connection(database_url) as connection:
        _run(command.downgrade, connection, revision)


def scripts() -> ScriptDirectory:
    """Return the migrations of this release."""
    return ScriptDirectory.from_config(_config(None))


@contextlib.contextmanager
def schema_connection(database_url: str) -> Iterator[Connection]:
    """Open a connection that alone changes the schema until the block ends; each transaction is committed."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
            yield connection
            connection.commit()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
    finally:
        engine.dispose()


def _pending(connection: Connection) -> list[Script]:
    server = int(connection.scalar(text("SHOW server_version_num"))) // 10_000
    if server < OLDEST_SERVER:
        raise ServerTooOld(
            f"SATELLITE_DATABASE_URL: PostgreSQL {server} answers; {OLDEST_SERVER} or newer is needed"
        )
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return pending_after(scripts(), revision)


def _run(direction: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    """Run migrations, each in a transaction of its own; one that gets no lock at once is tried again."""
    give_up_at = time.monotonic() + TRIED_FOR_S
    while True:
        try:
            direction(_config(connection), revision)
        except OperationalError as error:
            connection.rollback()
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            holder = connection.scalar(OLDEST_TRANSACTION)
            connection.rollback()
            if time.monotonic() > give_up_at:
                raise TablesBusy from error
            log.warning("a table is in use, its migration waits", oldest_transaction=holder)
            time.sleep(TRY_AGAIN_S)
        else:
            return


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config
