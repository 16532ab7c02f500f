"""The port of what can be backed up: a local stack, a deployment of Compose."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import IO, Protocol


class Installation(Protocol):
    """An installation: its database, its files and its keys.

    All but `serving` and `replacing` are called inside one of the two.
    """

    @property
    def kind(self) -> str:
        """Return what kind of installation it is."""

    def serving(self) -> AbstractContextManager[None]:
        """Let the database answer while the block runs; what runs already goes on.

        Raises:
            BackupError: it cannot be had.
        """

    def replacing(self) -> AbstractContextManager[None]:
        """Let the database answer, and nobody else work on it, while the block runs.

        Raises:
            BackupError: somebody else does.
        """

    def query(self, statement: str) -> str:
        """Return the one value that a statement has."""

    def dump_database(self, output: IO[bytes]) -> None:
        """Write the database as it is at one moment."""

    def dump_files(self, output: IO[bytes]) -> str | None:
        """Write a tar of the storage's folder; return where the files are instead if they are elsewhere."""

    def keys(self) -> dict[str, bytes]:
        """Return what opens the database and signs its logins, by name."""

    def replace_database(self, dump: IO[bytes]) -> str | None:
        """Put a dump in the database's place, and return where the old one is now, if there was one."""

    def add_files(self, archive: IO[bytes]) -> None:
        """Put files into the storage's folder; what is there and not among them stays."""

    def replace_keys(self, keys: dict[str, bytes]) -> None:
        """Put keys in the place of those that are there, which are kept beside."""

    def finish(self, *options: str) -> str:
        """Bring the schema to this release, and finish the recovery; return what that came to."""
