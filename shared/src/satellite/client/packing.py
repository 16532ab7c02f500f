"""Packs a folder of code into a tar, so that the same content makes the same bytes on every machine."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from satellite.client.errors import RequestUnfit

LEFT_OUT: Final = frozenset(
    (".git", ".hg", ".svn", ".venv", "venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")
)
FILES_MAX: Final = 20_000


def pack_folder(folder: Path, target: Path) -> int:
    """Write a tar of a folder and return how many files are in it; times and owners are left out.

    Links are packed as the files that they lead to, which have to be in the folder.

    Raises:
        RequestUnfit: there is nothing in it, too much, or something that is no file.
        OSError: a file cannot be read.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise RequestUnfit(f"{folder} is no folder.")
    files = sorted(_files(root), key=lambda file: file.relative_to(root).as_posix())
    if not files:
        raise RequestUnfit(f"There is no file in {folder}.")
    if len(files) > FILES_MAX:
        raise RequestUnfit(f"There are {len(files)} files in {folder}; at most {FILES_MAX} are packed.")
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            _add(tar, file, root)
    return len(files)


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in LEFT_OUT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        elif entry.is_file() or entry.is_symlink():
            yield entry
        # Sockets and pipes are no code.


def _add(tar: tarfile.TarFile, file: Path, root: Path) -> None:
    name, content = file.relative_to(root).as_posix(), file.resolve()
    if not content.is_relative_to(root) or not content.is_file():
        raise RequestUnfit(f"{name} is a link to something else than a file in the folder.")
    entry = tarfile.TarInfo(name)
    with content.open("rb") as source:
        status = content.stat()
        entry.size = status.st_size
        entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
        try:
            tar.addfile(entry, source)
        except UnicodeEncodeError as error:
            raise RequestUnfit(f"{name!r} has a name that is no Unicode.") from error
