"""What a backup says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 1


class BackupPart(BaseModel):
    """A file of a backup."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str = Field(description="Below the backup's folder, or below that of its keys.")
    size_bytes: int
    sha256: str


class BackupManifest(BaseModel):
    """The content of `manifest.json`: the last file that is written, by which a backup is whole."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = FORMAT
    made_at: datetime
    made_of: str = Field(description="A local stack or a deployment of Compose.")
    satellite_version: str
    revision: str = Field(description="Of the database's schema.")
    postgres_major: int
    parts: list[BackupPart]
    keys: list[BackupPart] = Field(description="What opens the rest; kept elsewhere if need be.")
    files_elsewhere: str | None = Field(
        default=None,
        description="Where the bytes of files are, if not in here: a bucket has backups of its own.",
    )
