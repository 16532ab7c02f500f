"""The folders of runs as processes: each in its owner's, so that both are known when one is left behind.

Here an owner is one runtime of a process: its process's label and a number.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from analysis_server.runtimes.owned_folder import remove_tree
from analysis_server.runtimes.owner import owner_is_dead, owner_label
from satellite.contracts.identity import AttemptKey

_numbers = itertools.count(1)
_JOB = re.compile(r"^job-(\d+)-(\d+)-(\d+)$")
_UID = "uid"
"""File with the uid of the job: as a part of the name it would make paths too long for sockets below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """The folder of a job; its name holds the mark of the job's processes."""

    path: Path
    key: AttemptKey
    mark: int


class RunFolders:
    """The run folders under one path."""

    def __init__(self, path: Path) -> None:
        """Make nothing yet."""
        self._path = path
        self.owner = f"{owner_label()}/{next(_numbers)}"

    def make(self, mark: int, *, key: AttemptKey | None) -> Path:
        """Make a folder for a job, or with None for what lives longer than one."""
        name = f"job-{key.job_id}-{key.attempt}-{mark}" if key else f"owned-{mark}"
        folder = self._path / _as_name(self.owner) / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if key is not None:
            (folder / _UID).write_text(str(key.uid))
        return folder

    def owners(self) -> dict[str, bool]:
        """Return who has folders here, and whether each of them is dead."""
        with contextlib.suppress(FileNotFoundError):
            owners = [folder.name.replace(",", "/") for folder in self._path.iterdir()]
            return {owner: owner_is_dead(owner.rpartition("/")[0]) for owner in owners}
        return {}

    def jobs(self, owner: str) -> Iterator[RunFolder]:
        """Return an owner's folders of jobs."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self._path / _as_name(owner)).iterdir():
                if folder := _run_folder(path):
                    yield folder

    def close(self) -> None:
        """Remove our own, unless something is left in it for a janitor."""
        with contextlib.suppress(OSError):
            (self._path / _as_name(self.owner)).rmdir()

    def remove(self, owner: str) -> None:
        """Remove all folders of an owner."""
        remove_tree(self._path / _as_name(owner))


def _run_folder(path: Path) -> RunFolder | None:
    found = _JOB.match(path.name)
    if found is None:
        return None
    try:
        uid = UUID((path / _UID).read_text())
    except (OSError, ValueError):
        # It is being made or removed. Should nobody finish that, it goes with the others of its owner.
        return None
    job_id, attempt, mark = map(int, found.groups())
    return RunFolder(path=path, key=AttemptKey(job_id, attempt, uid), mark=mark)


def _as_name(owner: str) -> str:
    return owner.replace("/", ",")
