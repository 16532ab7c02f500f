"""Answers about artifacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ARTIFACT_EXAMPLE: dict[str, Any] = {
    "name": "charts/one.png",
    "file_id": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
    "media_type": "image/png",
    "size_bytes": 48_211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "expires_at": "2026-02-01T03:04:05Z",
}


class ArtifactRead(BaseModel):
    """A file that a job has written; under its `file_id` it is a file like any other of the job's owner."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [ARTIFACT_EXAMPLE]})

    name: str = Field(description="Its path in the folder that $SATELLITE_OUTPUT_DIR named.")
    file_id: str
    media_type: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes, in hexadecimal.")
    expires_at: datetime = Field(description="When it is deleted.")


class ArtifactList(BaseModel):
    """The artifacts of a job by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [ARTIFACT_EXAMPLE]}]})

    total: int
    items: list[ArtifactRead]
