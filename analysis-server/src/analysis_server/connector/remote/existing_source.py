"""Copies a job's code from where it lies on the cluster, out of allowed folders only."""

import os
import shutil
from typing import Callable, List

from analysis_server.connector.remote.errors import Ended
from analysis_server.connector.remote.vigil import Vigil

REASON = "setup_existing"


def is_within(path: str, roots: List[str]) -> bool:
    """Tell whether a path, with all its links followed, is one of some folders or below one."""
    real = os.path.realpath(path)
    return any(_is_below(real, os.path.realpath(root)) for root in roots)


def copy(source: str, target: str, allowed_roots: List[str], vigil: Vigil) -> None:
    """Copy all that is in a folder, also dot files; raises `Ended` if a link leads out of what is allowed."""
    if not is_within(source, allowed_roots):
        raise Ended(REASON, f"{source} is in none of the folders that are allowed for code.")
    root = os.path.realpath(source)
    if not os.path.isdir(root):
        raise Ended(REASON, f"{source} is no folder.")
    roots = [os.path.realpath(allowed) for allowed in allowed_roots]
    try:
        _copy_folder(root, target, Copier(root, roots, lambda: vigil.pause(0)))
    except (OSError, shutil.Error) as error:
        raise Ended(REASON, f"{source} cannot be copied: {error}") from error


class Copier:
    """Decides what becomes of each entry."""

    def __init__(self, root: str, roots: List[str], look_up: Callable[[], None]) -> None:
        """Take the folder that is copied, what is allowed, and what to call between two files."""
        self._root = root
        self._roots = roots
        self.look_up = look_up

    def keeps_link(self, path: str) -> bool:
        """Tell whether a link means the same in the copy: relative, and to within what is copied."""
        return not os.path.isabs(os.readlink(path)) and _is_below(os.path.realpath(path), self._root)

    def check(self, path: str) -> None:
        """Raise `Ended` if a link leads to what is not a plain file of an allowed folder."""
        real = os.path.realpath(path)
        if not any(_is_below(real, root) for root in self._roots) or not os.path.isfile(real):
            raise Ended(REASON, f"The link {path} leads out of the folders that are allowed for code.")


def _copy_folder(source: str, target: str, copier: Copier) -> None:
    os.makedirs(target, exist_ok=True)
    for entry in sorted(os.scandir(source), key=lambda found: found.name):
        copier.look_up()
        to = os.path.join(target, entry.name)
        if entry.is_symlink() and copier.keeps_link(entry.path):
            os.symlink(os.readlink(entry.path), to)
        elif entry.is_symlink():
            copier.check(entry.path)
            shutil.copy2(entry.path, to)
        elif entry.is_dir():
            _copy_folder(entry.path, to, copier)
        elif entry.is_file():
            shutil.copy2(entry.path, to)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
