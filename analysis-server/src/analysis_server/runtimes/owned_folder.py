"""Folders that belong to one process, so that others find what it leaves behind when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_LOCK: Final = ".lock"
"""Held as long as its process lives: the kernel gives it back, in whichever namespace that was."""
_UNLOCKED_TTL_S: Final = 3_600
"""A folder without a lock is one that is being made, or never will be."""


class OwnedFolder:
    """One folder among those of other processes under `path`; made with the first thing in it."""

    def __init__(self, path: Path) -> None:
        """Make nothing yet."""
        self._path = path
        self._making = threading.Lock()
        self._own: Path | None = None
        self._descriptor: int | None = None

    def make(self) -> Path:
        """Make an empty folder that nobody else has."""
        with self._making:
            if self._own is None:
                self._own, self._descriptor = _make_locked(self._path)
            own = self._own
        folder = own / secrets.token_hex(8)
        folder.mkdir(mode=0o755)
        return folder

    def sweep(self, is_kept: Callable[[Path], bool] = lambda _: False) -> int:
        """Remove what processes have left that are gone, but what `is_kept`; return how much that was."""
        with contextlib.suppress(FileNotFoundError):
            return sum(_sweep(each, is_kept) for each in list(self._path.iterdir()) if each != self._own)
        return 0

    def close(self) -> None:
        """Remove the folder, but what is still needed of it, and let others have it."""
        with self._making:
            own, descriptor, self._own = self._own, self._descriptor, None
            if own is None or descriptor is None:
                return
            if not any(each.name != _LOCK for each in own.iterdir()):
                shutil.rmtree(own, ignore_errors=True)
            os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as this user may."""
    # Python goes into each folder by a call within a call, and a plugin can nest more of them than it can.
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", folder], check=False, capture_output=True)


def _make_locked(path: Path) -> tuple[Path, int]:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        folder = path / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Whoever sweeps may have locked it first, and removed it.
        if (folder / _LOCK).exists():
            return folder, descriptor
        os.close(descriptor)


def _sweep(folder: Path, is_kept: Callable[[Path], bool]) -> int:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _UNLOCKED_TTL_S:
                shutil.rmtree(folder, ignore_errors=True)
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    else:
        return _remove_left(folder, is_kept)
    finally:
        os.close(descriptor)


def _remove_left(folder: Path, is_kept: Callable[[Path], bool]) -> int:
    left = [each for each in folder.iterdir() if each.name != _LOCK]
    stale = [each for each in left if not is_kept(each)]
    for each in stale:
        remove_tree(each)
    if not any(each.exists() for each in left):
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)
