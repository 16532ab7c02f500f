"""Runs migrations on the environment's database, or on a connection handed over in the Alembic config."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection, create_engine, text

from operation_server.database.phases import Phase, phase_of
from operation_server.models import Job
from satellite.settings.database import DatabaseSettings

LOCK_TIMEOUT_S: Final = 1
"""Whoever comes to a table while a migration waits for it waits behind the migration."""

target_metadata = Job.metadata


def run_on(connection: Connection) -> None:
    """Run the migrations, each in a transaction of its own, so that none keeps the locks of another."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        compare_server_default=True,
        transaction_per_migration=True,
        on_version_apply=note_after_migration,
    )
    with context.begin_transaction():
        context.run_migrations()


def note_after_migration(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    """Let the database know what only processes that know it may work beside."""
    del heads, run_args
    connection = ctx.connection
    if connection is None or connection.scalar(text("SELECT to_regclass('after_migrations')")) is None:
        return
    for script in step.up_revisions:
        if isinstance(script, Script) and phase_of(script) is Phase.AFTER:
            note = NOTE if step.is_upgrade else FORGET
            connection.execute(text(note), {"revision": script.revision})


NOTE: Final = "INSERT INTO after_migrations (revision) VALUES (:revision) ON CONFLICT (revision) DO NOTHING"
FORGET: Final = "DELETE FROM after_migrations WHERE revision = :revision"


def run() -> None:
    """Run the migrations on the handed-over connection, else on a new one."""
    handed_over = context.config.attributes.get("connection")
    if handed_over is not None:
        run_on(handed_over)
        return
    engine = create_engine(DatabaseSettings().owner_url)
    with engine.connect() as connection:
        run_on(connection)
    engine.dispose()


run()
