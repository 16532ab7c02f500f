"""Requests and answers about models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from operation_server.database.rows import AnyRow
from satellite.contracts.model_version import CHAMPION, FILES_MAX, ModelName, Role
from satellite.contracts.numbers import Id

SIGNATURE: dict[str, Any] = {
    "input": {"type": "array", "items": {"type": "number"}, "minItems": 2},
    "config": {"type": "object", "properties": {"forecast_steps": {"type": "integer", "minimum": 1}}},
    "output": {"type": "object", "required": ["forecast"]},
}
MODEL: dict[str, Any] = {
    "name": "lstm_timeseries",
    "description": "Forecasts a series of numbers.",
    "signature": SIGNATURE,
}
REGISTERED: dict[str, Any] = MODEL | {
    "owner_id": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "latest_version": 3,
    "aliases": {CHAMPION: 2},
}
FILE: dict[str, Any] = {
    "role": "model.onnx",
    "file_id": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
    "size_bytes": 46_845,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
NEW_VERSION: dict[str, Any] = {
    "plugin_name": "onnx-model",
    "files": {"model.onnx": FILE["file_id"]},
    "metrics": {"mae": 4.53},
}
VERSION: dict[str, Any] = {
    "model_name": "lstm_timeseries",
    "version": 3,
    "digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "files": [FILE],
    "metrics": {"mae": 4.53},
    "plugin_name": "onnx-model",
    "plugin_version": "1.0.0",
    "job_id": 42,
    "created_by": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "aliases": [CHAMPION],
}
JOB: dict[str, Any] = {
    "id": 42,
    "plugin_name": "lstm-training",
    "plugin_version": "1.0.0",
    "status": "completed",
    "owner_id": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "completed_at": "2026-01-02T03:09:05Z",
    "ran_ms": 290_000.0,
    "worker": "gpu-1",
    "attempt": 1,
    "input_data": {"epochs": 3},
}
OVERRIDE: dict[str, Any] = {"reason": "The data of the gate has a fault; see the report of 2 March."}
EVALUATION: dict[str, Any] = {
    "id": 7,
    "version": 3,
    "data_digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "data_name": "JFK, last months",
    "metrics": {"mae": 4.53},
    "job_id": 43,
    "created_by": 1,
    "created_at": "2026-01-02T03:14:05Z",
}
CARD: dict[str, Any] = {
    "model": REGISTERED,
    "version": VERSION,
    "plugin_digest": "9f2c7a51d0e84b6f83a0c5e1724d96bb",
    "job": JOB,
    "evaluations": [EVALUATION],
}


class Signature(BaseModel):
    """What a model takes and answers, each a JSON Schema."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SIGNATURE]})

    input: dict[str, Any] = Field(description="Of `data` in requests.")
    output: dict[str, Any] = Field(description="Of results.")
    config: dict[str, Any] | None = Field(
        default=None, description="Of `config` in requests; without it any object is taken."
    )


class ModelCreate(BaseModel):
    """A model to register."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [MODEL]})

    name: ModelName
    description: str = Field(default="", max_length=4_000)
    signature: Signature


class ModelRead(BaseModel):
    """A model, and what there is of it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [REGISTERED]})

    name: str
    description: str
    signature: Signature
    owner_id: int = Field(description="Who may register and delete versions and move aliases, beside admins.")
    created_at: datetime
    latest_version: int | None = Field(description="The newest that is there.")
    aliases: dict[str, int] = Field(description="Which version each alias names.")


class ModelOwnerChange(BaseModel):
    """To whom a model is handed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"owner_id": 2}]})

    owner_id: Id


class ModelList(BaseModel):
    """A page of models by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [REGISTERED]}]})

    total: int
    items: list[ModelRead]


class VersionCreate(BaseModel):
    """A version to register."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [NEW_VERSION]})

    plugin_name: str = Field(min_length=1, max_length=64, description="The server plugin that loads it.")
    plugin_version: str | None = Field(
        default=None, min_length=1, max_length=64, description="The newest registration unless given."
    )
    files: dict[Role, str] = Field(
        min_length=1,
        max_length=FILES_MAX,
        description="Ids of stored files by their roles, which end in `.onnx`, `.safetensors` or `.json`.",
    )
    metrics: dict[str, Any] = Field(default={}, max_length=100, description="How good it is, as you like.")
    job_id: Id | None = Field(default=None, description="The job that made it.")


class VersionFile(BaseModel):
    """A file of a version."""

    role: str
    file_id: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes, in hexadecimal.")


class VersionRead(BaseModel):
    """A version of a model."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [VERSION]})

    model_name: str
    version: int
    digest: str = Field(description="SHA-256 over the SHA-256 of each file by its role.")
    files: list[VersionFile]
    metrics: dict[str, Any]
    plugin_name: str
    plugin_version: str
    job_id: int | None
    created_by: int
    created_at: datetime
    aliases: list[str]


class VersionList(BaseModel):
    """The versions of a model, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [VERSION]}]})

    total: int
    items: list[VersionRead]


class MakingJob(BaseModel):
    """The job that made a version, as its own record says."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [JOB]})

    id: int
    plugin_name: str
    plugin_version: str
    status: str
    owner_id: int
    created_at: datetime
    completed_at: datetime | None
    ran_ms: float | None
    worker: str | None
    attempt: int
    input_data: Any = Field(description="Null to who may not see the job.")


class EvaluationRead(BaseModel):
    """Numbers of a version on the data of one digest."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EVALUATION]})

    id: int
    version: int
    data_digest: str
    data_name: str | None
    metrics: dict[str, float]
    job_id: int | None = Field(description="The job that found them.")
    created_by: int
    created_at: datetime


class ModelCard(BaseModel):
    """All that is known of a version: nobody writes it, it is made of records."""

    model_config = ConfigDict(json_schema_extra={"examples": [CARD]})

    model: ModelRead
    version: VersionRead
    plugin_digest: str = Field(description="SHA-256 of the manifest of the plugin that loads it.")
    job: MakingJob | None
    evaluations: list[EvaluationRead] = Field(description="The newest 100, newest first.")


class Override(BaseModel):
    """Why an alias is moved although its gate does not let it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [OVERRIDE]})

    reason: str = Field(min_length=1, max_length=1_000, description="For the audit trail.")


class AliasChange(BaseModel):
    """The version that an alias is to name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 3}, {"version": 3, "override": OVERRIDE}]}
    )

    version: Id
    override: Override | None = Field(default=None, description="Moves it past a gate that is closed.")


class AliasRead(BaseModel):
    """An alias."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{"alias": CHAMPION, "version": 3, "moved_by": 1, "moved_at": "2026-01-02T03:04:05Z"}]
        },
    )

    alias: str
    version: int
    moved_by: int
    moved_at: datetime

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        """Return the answer for a row of the repository."""
        return cls.model_validate(row)
