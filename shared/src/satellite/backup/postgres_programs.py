"""Dumps and reads a database with PostgreSQL's own programs, reached over a port of this machine."""

from __future__ import annotations

from typing import IO, Final

from satellite.backup.programs import run
from satellite.local.postgres import EmbeddedPostgres, find_binary

# Rights and owners are given by `operation-server migrate`, to roles that another server may not have yet.
DUMP_OPTIONS: Final = ("--format=custom", "--no-owner", "--no-acl")
RESTORE_OPTIONS: Final = ("--no-owner", "--no-acl", "--single-transaction", "--exit-on-error")


class PostgresPrograms:
    """The programs of the wheel, as the superuser of a server."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        """Connect when something is asked for."""
        self._server = server
        self._environment = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": server.superuser,
            "PGDATABASE": server.database,
            "PGPASSWORD": server.password,
        }

    def query(self, statement: str) -> str:
        """Return the one value that a statement has."""
        return self._run("psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={statement}")

    def dump(self, output: IO[bytes]) -> None:
        """Write the database as it is at one moment."""
        self._run("pg_dump", *DUMP_OPTIONS, stdout=output)

    def read(self, dump: IO[bytes]) -> None:
        """Read a dump into the database, whole or not at all."""
        self._run("pg_restore", *RESTORE_OPTIONS, f"--dbname={self._server.database}", stdin=dump)

    def _run(
        self, name: str, *options: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> str:
        command = [str(find_binary(name)), *options]
        return run(command, environment=self._environment, stdin=stdin, stdout=stdout)
