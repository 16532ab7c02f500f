"""A folder of code as one archive: the same bytes for the same files, whoever packs them and when."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analysis_server.connector.transfer.errors import FolderRefused
from analysis_server.connector.transfer.local_files import LocalFile, read_local_file

LEFT_OUT: Final = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "node_modules", ".ipynb_checkpoints",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".DS_Store",
    }
)  # fmt: skip
SIZE_BYTES_MAX: Final = 512 * 1024 * 1024
FILES_MAX: Final = 20_000
PACKED_AT_S: Final = 946_684_800
"""The first second of 2000: no file tells when it was packed."""


def pack_folder(folder: Path, archive: Path, *, size_bytes_max: int = SIZE_BYTES_MAX) -> LocalFile:
    """Write a folder's files into an archive, and return that.

    Raises:
        FolderRefused: it is too large, has a link that leaves it, or something that is no file.
        OSError: it cannot be read, or the archive not be written.
    """
    root = folder.resolve()
    left_bytes = size_bytes_max
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for count, path in enumerate(_walk(root)):
            entry = _entry(root, path)
            left_bytes -= entry.size
            if left_bytes < 0 or count >= FILES_MAX:
                limits = f"{size_bytes_max:,} bytes or {FILES_MAX:,} files"
                raise FolderRefused(f"{folder} has more than {limits}: send data as files.")
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)
    return read_local_file(archive)


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = sorted(set(folders) - LEFT_OUT - set(links))
        for name in sorted({*names, *links} - LEFT_OUT):
            yield Path(folder) / name


def _entry(root: Path, path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.relative_to(root).as_posix())
    entry.mtime = PACKED_AT_S
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, _target(root, path)
    elif path.is_file():
        entry.size = path.stat().st_size
        entry.mode = 0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644
    else:
        raise FolderRefused(f"{path} is no plain file.")
    return entry


def _target(root: Path, link: Path) -> str:
    target = link.readlink()
    leads_to = Path(os.path.normpath(link.parent / target))
    if target.is_absolute() or not leads_to.is_relative_to(root) or not link.resolve().is_relative_to(root):
        raise FolderRefused(f"The link {link} leads out of {root}: what it points at would be missing there.")
    return target.as_posix()
