"""Brings a database to the newest schema, and tells whether it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import AsyncConnection

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_LOCK = 7_301_001
"""Advisory lock, so that replicas that start together migrate one after the other."""


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Migrate up to `revision` under an advisory lock; safe to repeat and to run in parallel."""
    _run(command.upgrade, database_url, revision)


def migrate_down(database_url: str, *, revision: str) -> None:
    """Migrate down to `revision` (`base` for an empty database) under the same lock."""
    _run(command.downgrade, database_url, revision)


def newest_revision() -> str:
    """Return the revision that this code needs."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise LookupError("there are no migrations")
    return head


async def current_revision(connection: AsyncConnection) -> str | None:
    """Return the revision that a database is at."""
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _run(direction: Callable[[Config, str], None], database_url: str, revision: str) -> None:
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
            direction(_config(connection), revision)
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
    finally:
        engine.dispose()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config
