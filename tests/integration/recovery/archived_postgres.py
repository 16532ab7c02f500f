"""A PostgreSQL that archives its log as DEPLOYMENT.md says, its base backups, and recoveries to a moment."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from satellite.local.ports import find_free_port
from satellite.local.postgres import UNPRIVILEGED_ID, EmbeddedPostgres, find_binary
from tests.fixtures.servers import running, wait_until

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class ArchivedPostgres:
    """A server, and the folder of its archive."""

    folder: Path
    server: EmbeddedPostgres

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def url(self) -> str:
        return self.server.url().replace("+psycopg", "")

    def query(self, statement: str) -> str:
        """Return the one value of a statement as text."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return str(row[0])

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run the server until the block ends."""

        def answers() -> bool:
            try:
                return self.query("SELECT pg_is_in_recovery()") == "False"
            except psycopg.OperationalError:
                return False

        command = self.server.command(
            options=[
                "archive_mode=on",
                f"archive_command=sh {self.folder / 'archive-wal'} %p {self.archive}/%f",
                "fsync=off",
            ]
        )
        with running(command, ready=answers, stop_signal=2, **self.server.identity()):
            yield

    def back_up(self) -> Path:
        """Return a base backup of the running server."""
        base = self.folder / "base"
        subprocess.run(
            [find_binary("pg_basebackup"), f"--dbname={self.url}", f"--pgdata={base}", "--checkpoint=fast"],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return base

    def archive_all(self) -> None:
        """Wait until what was written so far is in the archive."""
        file = self.query("SELECT pg_walfile_name(pg_switch_wal())")
        wait_until((self.archive / file).exists)

    def recovered(self, base: Path, *, moment: str) -> ArchivedPostgres:
        """Return a server of a base backup that goes on to a moment by the archive, and is to be started."""
        data = base.with_name("recovered")
        shutil.copytree(base, data)
        (data / "postgresql.auto.conf").write_text(
            f"restore_command = 'cp {self.archive}/%f %p'\n"
            f"recovery_target_time = '{moment}'\n"
            "recovery_target_action = 'promote'\n"
        )
        (data / "recovery.signal").touch()
        hand_over(data)
        return replace(self, server=replace(self.server, data_dir=data, port=find_free_port()))


@contextmanager
def archived_postgres() -> Iterator[ArchivedPostgres]:
    """Make a server until the block ends; it is to be started."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-archived-"))
    folder.chmod(0o755)
    (folder / "archive").mkdir()
    shutil.copy(ROOT / "compose/archive-wal", folder)
    hand_over(folder / "archive")
    server = EmbeddedPostgres(
        data_dir=folder / "data",
        password_file=folder / "password",
        port=find_free_port(),
        database="postgres",
    )
    server.initialise()
    try:
        yield ArchivedPostgres(folder=folder, server=server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hand_over(folder: Path) -> None:
    """Give a folder to the account that PostgreSQL runs as."""
    folder.chmod(0o700)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
