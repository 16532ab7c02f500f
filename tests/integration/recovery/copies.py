"""A database that is brought back as it was: what a backup does, within one server and in a moment."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from satellite.local.postgres import EmbeddedPostgres


@dataclass(frozen=True, kw_only=True)
class Copy:
    """How a database was at a moment."""

    server: EmbeddedPostgres
    name: str

    def restore(self) -> None:
        """Put it in the place of the database, which is dropped with all connections to it."""
        self._execute(
            f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'",
            f"DROP DATABASE {self.name} WITH (FORCE)",
            f"ALTER DATABASE {self.name}_copy RENAME TO {self.name}",
        )

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(
            self.server.url("postgres").replace("+psycopg", ""), autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def copy(server: EmbeddedPostgres, database_url: str) -> Copy:
    """Take a copy of a database, whose connections are ended for that."""
    name = database_url.rsplit("/", 1)[1]
    taken = Copy(server=server, name=name)
    taken._execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        f"CREATE DATABASE {name}_copy TEMPLATE {name}",
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS true",
        f"ALTER DATABASE {name}_copy ALLOW_CONNECTIONS true",
    )
    return taken
