"""Answers about what jobs have on clusters."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.cluster import Workspace


class FilePlace(StrEnum):
    """Where a file of a job is."""

    STORED = "stored"
    """Here, to be read."""
    CLUSTER = "cluster"
    """There alone, as far as is known."""


class JobFileRead(BaseModel):
    """A file that a job has written, or is writing."""

    path: str = Field(examples=["metrics.json"])
    size_bytes: int = Field(examples=[12])
    sha256: str | None = Field(description="Of its bytes; null while it is not known.")
    place: FilePlace
    file_id: str | None = Field(default=None, description="Of a stored one.")


FILE_EXAMPLE: dict[str, Any] = {
    "path": "best_model.pth",
    "size_bytes": 98_304_000,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "place": "stored",
    "file_id": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
}


class JobFileList(BaseModel):
    """The files of a job by path."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [FILE_EXAMPLE]}]})

    total: int
    items: list[JobFileRead]


class WorkspaceRead(BaseModel):
    """Where an attempt's folder lies on its cluster, as far as was told. It names no secret."""

    attempt: int
    cluster: str = Field(examples=["lab"])
    folder: str | None = Field(examples=["/cluster/ml-jobs/42-1-0b4f8d0c"])
    phase: str | None = Field(examples=["running"])
    process_id: str | None = Field(description="As the launcher knows it.", examples=["4711"])
    gpus: list[str] | None
    commit: str | None = Field(description="Of code that was cloned.")
    workspace: Workspace
    removed_after: datetime | None = Field(description="When the folder may go.")
    look_by: str | None = Field(
        description="A command line by which somebody with a login there looks into it.",
        examples=[
            "ssh -p 22 -J satellite@bastion.example satellite@gpu.example ls -la /cluster/ml-jobs/42-1-0b"
        ],
    )
    seen_at: datetime


WORKSPACE_EXAMPLE: dict[str, Any] = {
    "attempt": 1,
    "cluster": "lab",
    "folder": "/cluster/ml-jobs/42-1-0b4f8d0c",
    "phase": "running",
    "process_id": "4711",
    "gpus": ["GPU-5f1d"],
    "commit": None,
    "workspace": "present",
    "removed_after": None,
    "look_by": "ssh -p 22 satellite@gpu.example 'ls -la -- /cluster/ml-jobs/42-1-0b4f8d0c'",
    "seen_at": "2026-01-02T03:04:05Z",
}
SERIES_EXAMPLE: dict[str, Any] = {
    "name": "loss",
    "points": [[1, 0.5, "2026-01-02T03:04:05Z"], [2, 0.25, "2026-01-02T03:05:05Z"]],
    "last": 0.25,
}


class WorkspaceList(BaseModel):
    """The folders of a job, one of each attempt, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [WORKSPACE_EXAMPLE]}]})

    total: int
    items: list[WorkspaceRead]


class MetricSeries(BaseModel):
    """The values of one metric."""

    name: str = Field(examples=["loss"])
    points: list[tuple[float, float, datetime]] = Field(
        description="Step, value, and when it was seen first."
    )
    last: float = Field(examples=[0.12])


class MetricSeriesList(BaseModel):
    """What the newest attempt of a job that has measured something wrote to `metrics.json`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"attempt": 1, "total": 1, "items": [SERIES_EXAMPLE]}]}
    )

    attempt: int | None
    total: int
    items: list[MetricSeries]
