"""Makes a backup."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from satellite.backup.folder import DATABASE, FILES, KEYS, MANIFEST, drafted, part_of, parts_of
from satellite.backup.installation import Installation
from satellite.backup.manifest import BackupManifest

REVISION: Final = "SELECT version_num FROM alembic_version"
POSTGRES_MAJOR: Final = "SELECT current_setting('server_version_num')::integer / 10000"


def make_backup(
    installation: Installation, folder: Path, *, keys_folder: Path | None = None, tell: Callable[[str], None]
) -> BackupManifest:
    """Write an installation, which may go on meanwhile, into `folder`; its keys into `keys_folder`, if given.

    Raises:
        BackupError: it cannot be; nothing is left of what was written.
    """
    with ExitStack() as stack:
        draft = stack.enter_context(drafted(folder))
        keys = stack.enter_context(drafted(keys_folder)) if keys_folder else draft / KEYS
        keys.mkdir(mode=0o700, exist_ok=True)
        stack.enter_context(installation.serving())
        tell("Writing the database")
        with (draft / DATABASE).open("xb") as output:
            installation.dump_database(output)
        revision, postgres_major = installation.query(REVISION), int(installation.query(POSTGRES_MAJOR))
        # After the database, so that each file that it tells of is there: bytes come before the row is ready.
        tell("Writing the files")
        with (draft / FILES).open("xb") as output:
            elsewhere = installation.dump_files(output)
        if elsewhere is not None:
            (draft / FILES).unlink()
        for name, content in installation.keys().items():
            (keys / name).touch(mode=0o600)
            (keys / name).write_bytes(content)
        manifest = BackupManifest(
            made_at=datetime.now(UTC),
            made_of=installation.kind,
            satellite_version=version("satellite"),
            revision=revision,
            postgres_major=postgres_major,
            parts=[part_of(file, file.name) for file in sorted(draft.iterdir()) if file.is_file()],
            keys=parts_of(keys),
            files_elsewhere=elsewhere,
        )
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
    return manifest
