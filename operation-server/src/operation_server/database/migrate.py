"""Brings a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_LOCK = 7_301_001
"""Advisory lock, so that replicas that start together migrate one after the other."""


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Migrate up (or, with an older `revision`, down) under an advisory lock; safe to repeat."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(database_url)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
    engine.dispose()
