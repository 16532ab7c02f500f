"""Answers about files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

FILE_EXAMPLE: dict[str, Any] = {
    "id": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
    "owner_id": 2,
    "name": "rows.csv",
    "media_type": "text/csv",
    "size_bytes": 104_857_600,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2026-01-02T03:04:05Z",
    "expires_at": "2026-02-01T03:04:05Z",
}


class FileRead(BaseModel):
    """A stored file."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [FILE_EXAMPLE]})

    id: str
    owner_id: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes, in hexadecimal.")
    created_at: datetime
    expires_at: datetime = Field(description="When it is deleted.")

    @property
    def etag(self) -> str:
        """Return its entity tag: bytes of the same digest are the same."""
        return f'"{self.sha256}"'


class FileList(BaseModel):
    """A page of files, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [FILE_EXAMPLE]}]})

    total: int
    items: list[FileRead]
