"""The folder of a backup: written beside its place and moved there when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from satellite.backup.errors import BackupDamaged, BackupThere, BackupUnfit
from satellite.backup.manifest import FORMAT, BackupManifest, BackupPart

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database.dump"
FILES: Final = "files.tar"
KEYS: Final = "keys"


@contextmanager
def drafted(folder: Path) -> Iterator[Path]:
    """Yield a private folder that becomes `folder` when the block ends well, and is removed when it does not.

    Raises:
        BackupThere: `folder` is there already.
    """
    if folder.exists():
        raise BackupThere(f"{folder} is there already; name a folder that is not.")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    draft.mkdir(parents=True, mode=0o700)
    try:
        yield draft
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def parts_of(folder: Path) -> list[BackupPart]:
    """Return all files below a folder, with their digests."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [part_of(file, str(file.relative_to(folder))) for file in files]


def part_of(file: Path, path: str) -> BackupPart:
    """Return a file as the part of that path."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return BackupPart(path=path, size_bytes=file.stat().st_size, sha256=digest)


def read_manifest(folder: Path) -> BackupManifest:
    """Return what a backup says of itself.

    Raises:
        BackupDamaged: it is none, or not whole.
        BackupUnfit: it was made by a newer release.
    """
    try:
        manifest = BackupManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise BackupDamaged(f"{folder} has no {MANIFEST}, so it is no backup, or not a whole one.") from error
    except ValidationError as error:
        raise BackupDamaged(f"{folder / MANIFEST} cannot be read.") from error
    if manifest.format > FORMAT:
        raise BackupUnfit(
            f"{folder} was made by Satellite {manifest.satellite_version}; take that release or a newer one."
        )
    return manifest


def require_whole(folder: Path, parts: Sequence[BackupPart]) -> None:
    """Compare parts with their digests.

    Raises:
        BackupDamaged: one is missing or has changed; the message names it.
    """
    for part in parts:
        file = folder / part.path
        if not file.is_file():
            raise BackupDamaged(f"{file} is missing from the backup; take another one.")
        if part_of(file, part.path) != part:
            raise BackupDamaged(f"{file} is not what was written (its SHA-256 differs); take another backup.")
