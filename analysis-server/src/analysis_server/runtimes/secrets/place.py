"""The folder in memory in which files of secrets are, as this process sees it and as the engine does."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis_server.runtimes.secrets.errors import SecretPlaceUnfit

IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
VARIABLE: Final = "SATELLITE_WORKER_SECRETS_DIR"
UNSEEN: Final = (
    "The engine does not see the folder in memory in which this worker has put the secrets; set "
    "SATELLITE_WORKER_SECRETS_DIR to one that both see, and SATELLITE_WORKER_SECRETS_DIR_OF_ENGINE to its "
    "place on the engine's machine."
)
MAY_PASS: Final = 0o711
"""Others reach what they know the name of; names below are random."""
_MOUNTS: Final = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """Where on this machine, for one installation."""

    folder: Path = Path("/dev/shm")  # noqa: S108  # Memory, in which we make a folder of our own.
    of_engine: Path | None = None
    """The same folder as the engine sees it, where that is elsewhere."""
    stack_id: str = "local"

    @property
    def path(self) -> Path:
        """Return the folder of this installation and user."""
        return self.folder / self._name

    @property
    def path_of_engine(self) -> Path:
        """Return the same folder as the engine sees it."""
        return (self.of_engine or self.folder) / self._name

    def make(self) -> Path:
        """Make the folder, once it is sure that it is in memory and nobody else's; safe to repeat.

        Raises:
            SecretPlaceUnfit: it is not.
        """
        try:
            kind = _filesystem_of(self.folder.resolve(strict=True))
            if kind not in IN_MEMORY:
                raise SecretPlaceUnfit(
                    f"{VARIABLE}: {self.folder} is {kind} and not memory; name a folder of a tmpfs, so that "
                    "no secret comes to a disk."
                )
            self.path.mkdir(mode=0o700, exist_ok=True)
            found = self.path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise SecretPlaceUnfit(f"{VARIABLE}: {self.path} is somebody else's; remove it.")
            self.path.chmod(MAY_PASS)
        except OSError as error:
            raise SecretPlaceUnfit(f"{VARIABLE}: {self.folder} cannot be used: {error.strerror}.") from error
        return self.path

    def leave(self) -> None:
        """Remove the folder if nothing is in it."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    @property
    def _name(self) -> str:
        return f"satellite-{self.stack_id}-{os.geteuid()}"


def _filesystem_of(folder: Path) -> str:
    """Return the type of the file system that a folder is on."""
    kind, longest = "unknown", -1
    for line in _MOUNTS.read_text().splitlines():
        before, _, after = line.partition(" - ")
        where = before.split(" ")[4].encode().decode("unicode_escape")
        # Of several mounts at one place the last one is what is seen.
        if len(where) >= longest and folder.is_relative_to(where):
            kind, longest = after.split(" ")[0], len(where)
    return kind
