"""Requests and answers about evaluations."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operation_server.registry.schemas import EVALUATION, EvaluationRead
from satellite.contracts.model_version import DataDigest, MetricName
from satellite.contracts.numbers import Id, Measure

NEW: dict[str, Any] = {key: EVALUATION[key] for key in ("data_digest", "data_name", "metrics", "job_id")}


class EvaluationCreate(BaseModel):
    """Numbers of a version on data of one digest."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [NEW]})

    data_digest: DataDigest = Field(description="SHA-256 of the data, in hexadecimal.")
    data_name: str | None = Field(default=None, min_length=1, max_length=200, description="For people.")
    metrics: dict[MetricName, Measure] = Field(min_length=1, max_length=100)
    job_id: Id | None = Field(default=None, description="The job that found them; it has completed.")


class EvaluationList(BaseModel):
    """The evaluations of a version, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [EVALUATION]}]})

    total: int
    items: list[EvaluationRead]
