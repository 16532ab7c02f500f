"""Runs migrations on `SATELLITE_DATABASE_URL`, or on a connection handed over in the Alembic config."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from operation_server.models import Job
from satellite.settings.database import DatabaseSettings

target_metadata = Job.metadata


def run_on(connection: Connection) -> None:
    """Run the migrations in one transaction of `connection`."""
    context.configure(connection=connection, target_metadata=target_metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Run the migrations on the handed-over connection, else on a new one."""
    handed_over = context.config.attributes.get("connection")
    if handed_over is not None:
        run_on(handed_over)
        return
    engine = create_engine(DatabaseSettings().url.get_secret_value())
    with engine.connect() as connection:
        run_on(connection)
    engine.dispose()


run()
