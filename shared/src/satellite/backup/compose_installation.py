"""A deployment of `docker-compose.yml` as an installation that is backed up."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Final

from satellite.backup.errors import BackupError, NotRunning, ProgramFailed
from satellite.backup.postgres_programs import DUMP_OPTIONS, RESTORE_OPTIONS
from satellite.backup.programs import run

DATABASE: Final = "satellite"
AS_OWNER: Final = ("-U", "satellite")
WORKING: Final = (
    "nginx", "operation-api", "dispatcher", "results", "analysis-worker", "flower",
)  # fmt: skip
"""All that reads or writes the database or the queues."""
KEYS: Final = ("auth-secret-key", "admin-password", "secrets-key")
FILES_FOLDER: Final = "/var/lib/satellite/files"
READY_WITHIN_S: Final = 120.0
LET_GO: Final = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'satellite'"


class ComposeInstallation:
    """The deployment of a folder with `docker-compose.yml`; secrets are in its `secrets` folder."""

    kind = "a deployment of Compose"

    def __init__(self, folder: Path, *, secrets: Path | None = None) -> None:
        """Touch nothing yet."""
        self._folder = folder.expanduser().absolute()
        self._secrets = secrets or self._folder / "secrets"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Use the PostgreSQL that runs."""
        if not self._answers():
            raise NotRunning(
                "PostgreSQL does not run in this deployment; start it: `docker-compose up -d postgres`."
            )
        yield

    @contextlib.contextmanager
    def replacing(self) -> Iterator[None]:
        """Stop all that works on the database, and start PostgreSQL and Redis."""
        self._compose("stop", *WORKING)
        self._compose("up", "-d", "--no-deps", "postgres", "redis")
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise NotRunning(
                    "PostgreSQL does not answer in this deployment; `docker-compose logs postgres`."
                )
            time.sleep(1)
        yield

    def query(self, statement: str) -> str:
        """Return the one value that a statement has."""
        return self._psql(DATABASE, statement)

    def dump_database(self, output: IO[bytes]) -> None:
        """Write the database as it is at one moment."""
        self._in_postgres("pg_dump", *AS_OWNER, *DUMP_OPTIONS, DATABASE, stdout=output)

    def dump_files(self, output: IO[bytes]) -> str | None:
        """Write a tar of the volume of files."""
        self._in_files("tar", "-cf", "-", ".", stdout=output)
        return None

    def keys(self) -> dict[str, bytes]:
        """Return what opens the database and signs its logins, by name."""
        files = {name: self._secrets / name for name in KEYS}
        return {name: file.read_bytes() for name, file in files.items() if file.exists()}

    def replace_database(self, dump: IO[bytes]) -> str | None:
        """Put a dump in the database's place, and return what the old one is called now."""
        kept = f"{DATABASE}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
        self._psql("postgres", LET_GO)
        self._psql("postgres", f"ALTER DATABASE {DATABASE} RENAME TO {kept}")
        try:
            self._psql("postgres", f"CREATE DATABASE {DATABASE}")
            self._in_postgres("pg_restore", *AS_OWNER, *RESTORE_OPTIONS, f"--dbname={DATABASE}", stdin=dump)
        except BackupError:
            self._psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE}")
            self._psql("postgres", f"ALTER DATABASE {kept} RENAME TO {DATABASE}")
            raise
        return f"the database {kept}"

    def add_files(self, archive: IO[bytes]) -> None:
        """Put files into the volume of files; what is there and not among them stays."""
        self._in_files("tar", "-xf", "-", stdin=archive)

    def replace_keys(self, keys: dict[str, bytes]) -> None:
        """Put keys in the place of those that are there, which are kept beside."""
        for name, content in keys.items():
            file = self._secrets / name
            if name not in KEYS or (file.exists() and file.read_bytes() == content):
                continue
            if not file.exists():
                raise BackupError(f"{file} is not there; run compose/prepare first.")
            shutil.copy2(file, file.with_name(f"{name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
            # Written into the file that is there, which keeps its owner, group and mode.
            mode = file.stat().st_mode
            file.chmod(0o600)
            file.write_bytes(content)
            file.chmod(mode)

    def finish(self, *options: str) -> str:
        """Bring the schema to this release, and finish the recovery."""
        return self._compose("run", "--rm", "-T", "migrations", "finish-restore", *options)

    def _answers(self) -> bool:
        try:
            self._in_postgres("pg_isready", "-q", "-h", "127.0.0.1")
        except ProgramFailed:
            return False
        return True

    def _psql(self, database: str, statement: str) -> str:
        return self._in_postgres(
            "psql", *AS_OWNER, "-d", database, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement
        )

    def _in_postgres(
        self, *words: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> str:
        return self._compose("exec", "-T", "postgres", *words, stdin=stdin, stdout=stdout)

    def _in_files(
        self, program: str, *words: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> None:
        container = (
            "run",
            "--rm",
            "-T",
            "--no-deps",
            "--entrypoint",
            program,
            "dispatcher",
            "-C",
            FILES_FOLDER,
        )
        self._compose(*container, *words, stdin=stdin, stdout=stdout)

    def _compose(self, *words: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> str:
        return run([*self._program, *words], folder=self._folder, stdin=stdin, stdout=stdout)

    @cached_property
    def _program(self) -> list[str]:
        with contextlib.suppress(ProgramFailed):
            run(["docker", "compose", "version"])
            return ["docker", "compose"]
        return ["docker-compose"]
