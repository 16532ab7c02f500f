"""What the role that the platform works as, and the owner of the tables, may do to the audit trail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from operation_server.database.migrate import schema_connection
from operation_server.database.roles import ApplicationRoleMissing, grant_application
from satellite.local.postgres import EmbeddedPostgres

ROLE = "audited_application"
ADD = "INSERT INTO audit_entries (action, object_type) VALUES ('job.cancel', 'job')"
CHANGES = {
    "update": "UPDATE audit_entries SET actor = 'nobody'",
    "delete": "DELETE FROM audit_entries",
    "truncate": "TRUNCATE audit_entries",
}


@pytest.fixture(scope="module")
def owner_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The URL of the owner of a database that all tests here share: what one of them adds stays."""
    with psycopg.connect(plain(postgres_server.url("postgres")), autocommit=True) as connection:
        connection.execute("CREATE DATABASE audited")
        yield postgres_server.url("audited")
        connection.execute("DROP DATABASE audited WITH (FORCE)")
        connection.execute(f"DROP ROLE IF EXISTS {ROLE}".encode())


@pytest.fixture(scope="module")
def application_url(owner_url: str, postgres_server: EmbeddedPostgres) -> str:
    """The URL of the application's role, which `operation-server migrate` has made."""
    url = postgres_server.url_of(ROLE, "the%20application's", "audited")
    environment = os.environ | {
        "SATELLITE_DATABASE_URL": url,
        "SATELLITE_DATABASE_MIGRATION_URL": owner_url,
        "SATELLITE_ADMIN_EMAIL": "admin@example.com",
        "SATELLITE_ADMIN_PASSWORD": "the admin's password",
    }
    for command in ("migrate", "migrate", "keep-audit"):
        done = subprocess.run(
            [sys.executable, "-m", "operation_server.cli", command],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "can change" not in done.stderr
    return url


@pytest.fixture
def application(application_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(plain(application_url), autocommit=True) as connection:
        yield connection


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def partitions(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entries'::regclass"
    )
    return [name for (name,) in rows.fetchall()]


class TestApplication:
    def test_it_adds_and_reads(self, application: psycopg.Connection[Any]) -> None:
        application.execute(ADD)

        actions = application.execute("SELECT DISTINCT action FROM audit_entries ORDER BY 1").fetchall()
        assert actions == [("account.open",), ("job.cancel",)]

    @pytest.mark.parametrize(
        "statement",
        [
            *CHANGES.values(),
            "INSERT INTO audit_entries (at, action, object_type) VALUES ('2020-01-01', 'job.cancel', 'job')",
            "INSERT INTO audit_entries (id, action, object_type) VALUES (1, 'job.cancel', 'job')",
            "DROP TABLE audit_entries",
            "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
            "ALTER TABLE audit_entries DETACH PARTITION audit.entries_of_no_month",
            "TRUNCATE audit.entries_of_no_month",
            "DELETE FROM audit.entries_of_no_month",
            "SELECT * FROM audit.entries_of_no_month",
            "SET session_replication_role = replica",
            "SELECT setval('audit_entries_id_seq', 1)",
            "UPDATE alembic_version SET version_num = '0001'",
            "INSERT INTO after_migrations (revision) VALUES ('0001')",
        ],
    )
    def test_it_changes_nothing(self, application: psycopg.Connection[Any], statement: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(statement.encode())

    def test_it_may_do_all_that_the_platform_does(self, application: psycopg.Connection[Any]) -> None:
        tables = application.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        lacking = [
            name
            for (name,) in tables
            if name not in {"alembic_version", "after_migrations"}
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
            if application.execute("SELECT has_table_privilege(%s, %s)", (name, right)).fetchone() != (True,)
        ]

        assert len(tables) > 8
        assert lacking == []


class TestOwner:
    @pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("quietly", [False, True])
    def test_triggers_stop_it_in_every_table(
        self, application: psycopg.Connection[Any], owner_url: str, statement: str, *, quietly: bool
    ) -> None:
        application.execute(ADD)
        with psycopg.connect(plain(owner_url), autocommit=True) as owner:
            before = owner.execute("SELECT count(*) FROM audit_entries").fetchone()
            if quietly:
                owner.execute("SET session_replication_role = replica")
            for table in ["audit_entries", *partitions(owner)]:
                changed = re.sub("audit_entries", table, statement)
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
                    owner.execute(changed.encode())
            assert owner.execute("SELECT count(*) FROM audit_entries").fetchone() == before

    def test_one_role_for_both_is_told_of(self, owner_url: str, application_url: str) -> None:
        with schema_connection(owner_url) as connection, capture_logs() as lines:
            grant_application(connection, owner_url)
            grant_application(connection, application_url)

        assert [line["role"] for line in lines] == ["satellite"]

    def test_one_that_may_make_no_roles_says_what_to_do(self, application_url: str) -> None:
        with (
            schema_connection(application_url) as connection,
            pytest.raises(ApplicationRoleMissing, match="CREATE ROLE"),
        ):
            grant_application(connection, "postgresql+psycopg://missing:x@127.0.0.1/satellite")
