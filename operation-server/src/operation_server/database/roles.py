"""The role that the processes work as: it reads and writes, owns nothing, and changes no audit trail."""

from __future__ import annotations

from typing import Any, Final, cast

import psycopg
import structlog
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, make_url, text

from satellite.errors import SatelliteError

GRANTS: Final = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "REVOKE ALL ON alembic_version, after_migrations, audit_entries FROM {role}",
    "GRANT SELECT ON alembic_version, after_migrations, audit_entries TO {role}",
    # Without `at` and `id`, so that nobody writes into the past.
    """GRANT INSERT (actor_id, actor, action, object_type, object_id, is_refused, address, request_id, detail)
       ON audit_entries TO {role}""",
)
CAN_CHANGE_AUDIT: Final = text(
    "SELECT has_table_privilege(:role, 'audit_entries', 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
)

log = structlog.get_logger(__name__)


class ApplicationRoleMissing(SatelliteError):
    """The role of SATELLITE_DATABASE_URL does not exist, and the migrating role may not make it."""

    code = "application_role_missing"


def grant_application(connection: Connection, application_url: str) -> None:
    """Make the role of the application's URL if need be, and grant it what it needs, no more; safe to repeat.

    The connection is that of the role that owns the tables. When both are one role there is nothing to grant,
    and the log says what that means.

    Raises:
        ApplicationRoleMissing: it does not exist, and the owner may not make it.
    """
    url = make_url(application_url)
    role = url.username
    if role is None:
        return
    if role != connection.scalar(text("SELECT current_user")):
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
            _create(connection, role, str(url.password or ""))
        schema = connection.scalar(text("SELECT current_schema()"))
        for grant in GRANTS:
            _execute(
                connection,
                sql.SQL(grant).format(schema=sql.Identifier(str(schema)), role=sql.Identifier(role)),
            )
    if connection.scalar(CAN_CHANGE_AUDIT, {"role": role}):
        log.warning(
            "the role that the processes work as can change the audit trail; give `migrate` a role of its own"
            " in SATELLITE_DATABASE_MIGRATION_URL",
            role=role,
        )


def _create(connection: Connection, role: str, password: str) -> None:
    # Hashed here, so that no log of the server has the password.
    hashed = (
        _driver(connection)
        .pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        .decode()
    )
    try:
        _execute(
            connection,
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed)),
        )
    except InsufficientPrivilege as error:
        raise ApplicationRoleMissing(
            f"The role {role} of SATELLITE_DATABASE_URL does not exist, and that of"
            " SATELLITE_DATABASE_MIGRATION_URL may not make it; run as an administrator of PostgreSQL:"
            f" CREATE ROLE \"{role}\" LOGIN PASSWORD '...'"
        ) from error


def _execute(connection: Connection, statement: sql.Composed) -> None:
    # Names of roles and hashes are no parameters; psycopg alone quotes them.
    _driver(connection).execute(statement)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
