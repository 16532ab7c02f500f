"""Prepares the database for a release: what `operation-server migrate` and `keep-audit` do."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from operation_server.accounts.service import ensure_admin
from operation_server.database.connections import Connections
from operation_server.database.errors import OperationalError
from operation_server.database.migrate import migrate, migrate_down, migrate_phase, schema_connection
from operation_server.database.phases import Phase
from operation_server.database.roles import grant_application
from operation_server.incarnations import repository as incarnations
from operation_server.incarnations.errors import DatabaseRestored
from operation_server.settings import AdminSettings, AuditSettings
from operation_server.trail.months import keep_months
from satellite.errors import SatelliteError
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings


def prepare_database(*, phase: Phase | None = None) -> None:
    """Bring the database to the newest schema, or one phase nearer, and make the admin; safe to repeat.

    One that was recovered gets its schema too, and then ends the process: nobody works on it yet.
    """
    configure_logging(LogSettings())
    database = DatabaseSettings()
    with faults_end_the_process(database):
        prepare_schema(database, phase=phase)
        with schema_connection(database.owner_url) as connection:
            incarnations.note_location_now(connection)
            state = incarnations.find_state_now(connection)
        if state.location != state.recorded_location or not state.is_finished:
            raise DatabaseRestored
    keep_audit()
    asyncio.run(_make_admin(database))


def prepare_schema(database: DatabaseSettings, *, phase: Phase | None = None) -> None:
    """Bring the schema to this release, or one phase nearer, with the rights of who works on it.

    Raises:
        SatelliteError: it cannot be; the message says what to do.
        OperationalError: the server cannot be reached, or refuses us.
    """
    if phase is None:
        migrate(database.owner_url)
    else:
        migrate_phase(database.owner_url, phase)
    with schema_connection(database.owner_url) as connection:
        grant_application(connection, database.url.get_secret_value())


def take_back_migrations(*, revision: str) -> None:
    """Bring the database down to a revision; what the later ones have added is lost."""
    configure_logging(LogSettings())
    database = DatabaseSettings()
    with faults_end_the_process(database):
        migrate_down(database.owner_url, revision=revision)


def keep_audit() -> None:
    """Make the audit trail's coming months and drop those beyond retention; safe to repeat."""
    with schema_connection(DatabaseSettings().owner_url) as connection:
        keep_months(connection, today=datetime.now(UTC).date(), kept=AuditSettings().kept_months)


@contextlib.contextmanager
def faults_end_the_process(database: DatabaseSettings) -> Iterator[None]:
    """End the process with a line that says what to do; a fault in a migration is told with its traceback."""
    try:
        yield
    except SatelliteError as error:
        sys.exit(str(error))
    except OperationalError as error:
        variable = "SATELLITE_DATABASE_MIGRATION_URL" if database.migration_url else "SATELLITE_DATABASE_URL"
        sys.exit(f"{variable}: {' '.join(str(error.orig).split())}")


async def _make_admin(database: DatabaseSettings) -> None:
    connections = Connections(database, application_name="satellite-migrate")
    try:
        await ensure_admin(connections, AdminSettings())
    finally:
        await connections.dispose()
