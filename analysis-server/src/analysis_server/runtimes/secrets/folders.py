"""Folders of secrets, one for each container or process; all that a dead worker leaves is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.secrets.place import MAY_PASS, SecretPlace

FILES: Final = "secrets"


class SecretFolder:
    """Files that one plugin may read. It finds new ones at once, also when it was started before."""

    def __init__(self, folder: Path, of_engine: Path) -> None:
        """Take an empty folder."""
        self._folder = folder
        self.path_of_engine = of_engine / FILES
        folder.chmod(0o700)
        # Whoever gets this far may read: a plugin of any user, by a mount or because the folder is its own.
        self.path.mkdir()
        self.path.chmod(0o755)

    @property
    def path(self) -> Path:
        """Return where the files are, as processes of this machine see it."""
        return self._folder / FILES

    def give_to(self, user: int) -> None:
        """Let a user in, who comes by the path."""
        os.chown(self._folder, user, user)

    def put(self, values: Mapping[str, str]) -> None:
        """Write the files."""
        for name, value in values.items():
            descriptor = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(value)
                os.fchmod(file.fileno(), 0o444)

    def remove(self) -> None:
        """Remove it with all files, though a plugin may still have it; safe to repeat."""
        shutil.rmtree(self._folder, ignore_errors=True)


class SecretFolders:
    """The folders that this process has made, and those that dead ones have left."""

    def __init__(self, place: SecretPlace) -> None:
        """Make nothing yet."""
        self._place = place
        self._owned = OwnedFolder(place.path)

    def make(self) -> SecretFolder:
        """Make a folder.

        Raises:
            SecretPlaceUnfit: there is no place for it.
            OSError: memory is full.
        """
        self._place.make()
        folder = self._owned.make()
        folder.parent.chmod(MAY_PASS)
        return SecretFolder(folder, self._place.path_of_engine / folder.relative_to(self._place.path))

    def sweep(self) -> None:
        """Remove what dead processes have left."""
        self._owned.sweep()

    def close(self) -> None:
        """Remove all that this process has made."""
        self._owned.close()
        # Also what a plugin still has, which is being ended.
        self._owned.sweep()
        self._place.leave()
