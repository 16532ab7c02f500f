"""Brings a backup back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from satellite.backup.errors import BackupUnfit
from satellite.backup.folder import DATABASE, FILES, KEYS, read_manifest, require_whole
from satellite.backup.installation import Installation
from satellite.backup.making import POSTGRES_MAJOR
from satellite.backup.manifest import BackupManifest

# What tells where the database was may never have been noted; then nobody would see that it was brought back.
BROUGHT_BACK: Final = """
    UPDATE incarnations SET location = 'a backup' WHERE number = (SELECT max(number) FROM incarnations)
"""
NEXT: Final = "Run `satellite admin restore --finish` next; until then nothing works on the database."


def check_backup(folder: Path, *, keys_folder: Path | None = None) -> BackupManifest:
    """Read a whole backup and compare it with its digests.

    Raises:
        BackupError: it is not what was written.
    """
    manifest = read_manifest(folder)
    require_whole(folder, manifest.parts)
    require_whole(keys_folder or folder / KEYS, manifest.keys)
    return manifest


def restore_backup(
    installation: Installation, folder: Path, *, keys_folder: Path | None = None, tell: Callable[[str], None]
) -> None:
    """Put a backup in the place of an installation, whose database is kept beside; it is to be finished then.

    Raises:
        BackupError: it cannot be; the database is what it was.
    """
    tell("Reading the whole backup")
    manifest = check_backup(folder, keys_folder=keys_folder)
    with installation.replacing():
        require_readable(manifest, postgres_major=int(installation.query(POSTGRES_MAJOR)))
        tell("Bringing the database back")
        with (folder / DATABASE).open("rb") as dump:
            kept = installation.replace_database(dump)
        installation.query(BROUGHT_BACK)
        if kept is not None:
            tell(f"The database of before is kept as {kept}; remove it when you no longer need it")
        if manifest.files_elsewhere is None:
            tell("Bringing the files back")
            with (folder / FILES).open("rb") as archive:
                installation.add_files(archive)
        keys = keys_folder or folder / KEYS
        installation.replace_keys({part.path: (keys / part.path).read_bytes() for part in manifest.keys})


def require_readable(manifest: BackupManifest, *, postgres_major: int) -> None:
    """Refuse what PostgreSQL here is too old for.

    Raises:
        BackupUnfit: the backup is of a newer one.
    """
    if manifest.postgres_major > postgres_major:
        raise BackupUnfit(
            f"The backup is of PostgreSQL {manifest.postgres_major}, which {postgres_major} here cannot read;"
            " restore it where that version or a newer one runs."
        )
