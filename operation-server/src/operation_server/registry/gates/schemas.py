"""Requests and answers about gates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from operation_server.registry.schemas import EVALUATION
from satellite.contracts.model_version import CHAMPION, Alias, DataDigest, MetricName
from satellite.contracts.numbers import Measure, Tolerance

GATE: dict[str, Any] = {
    "alias": CHAMPION,
    "metric": "mae",
    "higher_is_better": False,
    "at_least": None,
    "at_most": 5.0,
    "data_digest": EVALUATION["data_digest"],
    "not_worse_than_champion": 0.1,
}
SET: dict[str, Any] = GATE | {"set_by": 1, "set_at": "2026-01-02T03:04:05Z"}


class GateSet(BaseModel):
    """What a version has to reach on the data of one digest before the alias is moved to it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [GATE]})

    alias: Alias = Field(default=CHAMPION, description="Which the gate guards.")
    metric: MetricName
    higher_is_better: StrictBool = True
    at_least: Measure | None = None
    at_most: Measure | None = None
    data_digest: DataDigest = Field(description="SHA-256 of the data, in hexadecimal.")
    not_worse_than_champion: Tolerance | None = Field(
        default=None,
        description="By how much it may be worse than the version that the alias names; null: not compared.",
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.at_least is None and self.at_most is None and self.not_worse_than_champion is None:
            raise ValueError("a gate needs at_least, at_most or not_worse_than_champion")
        return self


class GateRead(BaseModel):
    """The gate of a model."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [SET]})

    alias: str
    metric: str
    higher_is_better: bool
    at_least: float | None
    at_most: float | None
    data_digest: str
    not_worse_than_champion: float | None
    set_by: int
    set_at: datetime
