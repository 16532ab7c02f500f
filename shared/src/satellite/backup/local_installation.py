"""A local stack as an installation that is backed up, running or not."""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Final

from satellite.backup.errors import NotRunning
from satellite.backup.local_servers import running_postgres, running_redis
from satellite.backup.postgres_programs import PostgresPrograms
from satellite.backup.programs import run
from satellite.local.errors import HomeInUse
from satellite.local.home import DATA_KEYS, StackHome, write_private
from satellite.local.leftovers import end_leftover_processes
from satellite.local.ports import find_free_ports
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.postgres_place import find_place
from satellite.local.stack import Stack, StackOptions, StackPorts, program

PORT_LINE: Final = 3
"""Of `postmaster.pid`, counted from 0."""


class LocalInstallation:
    """The stack of a home."""

    kind = "a local stack"

    def __init__(self, home: Path) -> None:
        """Touch nothing yet."""
        self._home = StackHome(path=home.expanduser().absolute())
        self._servers = contextlib.ExitStack()
        """PostgreSQL, if it was started here."""
        self._was_empty = False
        self._running_port: int | None = None

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Use the PostgreSQL that runs, or run one for as long as the block takes."""
        if not self._home.path.is_dir() or not self._has_database():
            raise NotRunning(f"There is no database in {self._home.path}; name another folder with --home.")
        try:
            with self.replacing():
                yield
        except HomeInUse:
            self._running_port = self._find_port()
            yield

    @contextlib.contextmanager
    def replacing(self) -> Iterator[None]:
        """Run PostgreSQL alone; a stack that runs has to be ended first."""
        self._home.prepare()
        lock = self._home.lock()
        try:
            end_leftover_processes(self._home)
            self._was_empty = not self._has_database()
            with self._servers:
                self._servers.enter_context(running_postgres(self._postgres))
                yield
        finally:
            os.close(lock)

    def query(self, statement: str) -> str:
        """Return the one value that a statement has."""
        return self._programs.query(statement)

    def dump_database(self, output: IO[bytes]) -> None:
        """Write the database as it is at one moment."""
        self._programs.dump(output)

    def dump_files(self, output: IO[bytes]) -> str | None:
        """Write a tar of the folder of files."""
        with tarfile.open(fileobj=output, mode="w|") as archive:
            for file in sorted(self._files.rglob("*")):
                # One that is deleted meanwhile is missing for good.
                with contextlib.suppress(FileNotFoundError):
                    archive.add(file, arcname=str(file.relative_to(self._files)), recursive=False)
        return None

    def keys(self) -> dict[str, bytes]:
        """Return what opens the database and signs its logins, by name."""
        kept = {name: self._home.path / name for name in DATA_KEYS}
        return {name: file.read_bytes() for name, file in kept.items() if file.exists()}

    def replace_database(self, dump: IO[bytes]) -> str | None:
        """Put a dump in the database's place, and return where the old one is now, if there was one."""
        if self._was_empty:
            self._programs.read(dump)
            return None
        data = self._postgres.data_dir
        kept = data.with_name(f"{data.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        self._servers.close()
        data.rename(kept)
        try:
            self._servers.enter_context(running_postgres(self._postgres))
            self._programs.read(dump)
        except BaseException:
            self._servers.close()
            shutil.rmtree(data, ignore_errors=True)
            kept.rename(data)
            raise
        return str(kept)

    def add_files(self, archive: IO[bytes]) -> None:
        """Put files into the folder of files; what is there and not among them stays."""
        self._files.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tarfile.open(fileobj=archive, mode="r|") as files:
            files.extractall(self._files, filter="data")

    def replace_keys(self, keys: dict[str, bytes]) -> None:
        """Put keys in the place of those that are there, which are kept beside."""
        for name, content in keys.items():
            file = self._home.path / name
            if name not in DATA_KEYS or (file.exists() and file.read_bytes() == content):
                continue
            if file.exists():
                file.rename(file.with_name(f"{name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
            write_private(file, content.decode())

    def finish(self, *options: str) -> str:
        """Bring the schema to this release, and finish the recovery, with the Redis of before."""
        environment = self._stack.maintenance_environment
        with running_redis(self._stack.redis):
            command = [program("operation-server"), "finish-restore", *options]
            return run(command, environment=environment)

    def _has_database(self) -> bool:
        return (self._postgres.data_dir / "PG_VERSION").exists()

    def _find_port(self) -> int:
        """Return the port of the PostgreSQL that a running stack has started."""
        try:
            lines = (self._postgres.data_dir / "postmaster.pid").read_text().splitlines()
            return int(lines[PORT_LINE])
        except (OSError, ValueError, IndexError) as error:
            raise NotRunning(
                f"A stack runs on {self._home.path}, and its PostgreSQL does not yet; try again in a moment."
            ) from error

    @cached_property
    def _stack(self) -> Stack:
        api, flower, inference, postgres, redis, ray, dashboard = find_free_ports(7)
        ports = StackPorts(
            api=api,
            flower=flower,
            inference=inference,
            postgres=postgres,
            redis=redis,
            ray=ray,
            ray_dashboard=dashboard,
        )

        async def nothing() -> Mapping[str, str]:
            return {}

        return Stack(
            home=self._home,
            options=StackOptions(),
            ports=ports,
            postgres_place=find_place(self._home),
            worker_environment=nothing,
        )

    @property
    def _postgres(self) -> EmbeddedPostgres:
        return self._stack.postgres

    @property
    def _programs(self) -> PostgresPrograms:
        port = self._running_port or self._postgres.port
        return PostgresPrograms(replace(self._postgres, port=port))

    @property
    def _files(self) -> Path:
        return self._home.path / "files"
