"""Rollouts as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from operation_server.database.rows import AnyRow
from satellite.contracts.model_version import CHAMPION, Alias
from satellite.contracts.numbers import NUMBER, Id

Percent = Annotated[float, Field(ge=0, le=100), NUMBER]
Ratio = Annotated[float, Field(ge=0, le=1), NUMBER]

SETTINGS: dict[str, Any] = {
    "percent": 10.0,
    "shadow_percent": 0.0,
    "tolerance": 0.001,
    "max_failure_ratio": 0.05,
    "max_difference_ratio": 0.05,
    "min_requests": 20,
}
ROLLOUT: dict[str, Any] = SETTINGS | {"candidate": 4, "alias": CHAMPION}
STATE: dict[str, Any] = ROLLOUT | {
    "model_name": "lstm_timeseries",
    "stable": 3,
    "status": "running",
    "reason": None,
    "counts": {"stable": {"completed": 180}, "candidate": {"completed": 19, "failed": 1}},
    "started_by": 1,
    "started_at": "2026-01-02T03:04:05Z",
    "ended_at": None,
}


class RolloutStatus(StrEnum):
    """How a rollout stands."""

    RUNNING = "running"
    PROMOTED = "promoted"
    """The alias names the candidate."""
    ROLLED_BACK = "rolled_back"
    """The candidate broke a limit; `reason` has the numbers."""
    STOPPED = "stopped"
    """Somebody ended it."""
    SUPERSEDED = "superseded"
    """The alias was moved to another version or deleted, or another candidate is tried."""


class RolloutSettings(BaseModel):
    """How much the candidate gets, and what it may not do."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [SETTINGS]})

    percent: Percent = Field(default=0, description="Of requests that name the alias: what it answers.")
    shadow_percent: Percent = Field(
        default=0,
        description="Of the answers of the stable version: what the candidate is asked as well, in jobs of "
        "who began the rollout, and only while no job waits.",
    )
    tolerance: Annotated[float, Field(ge=0, le=1_000), NUMBER] = Field(
        default=0.001, description="By how much numbers of both answers may differ: relative above 1."
    )
    max_failure_ratio: Ratio = Field(
        default=0.05, description="So much larger than the stable version's may its share of failures be."
    )
    max_difference_ratio: Ratio = Field(
        default=0.05, description="So many of the compared answers may differ."
    )
    min_requests: Annotated[int, Field(ge=1, le=1_000_000), NUMBER] = Field(
        default=20, description="Before so many are judged nothing is concluded but that nothing works."
    )


class RolloutChange(RolloutSettings):
    """A rollout to begin, or new settings of the one that is running."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [ROLLOUT]})

    candidate: Id = Field(description="The version that is tried.")
    alias: Alias = Field(default=CHAMPION, description="Whose requests are divided.")

    def settings(self) -> RolloutSettings:
        """Return all but what it is about."""
        return RolloutSettings(**self.model_dump(exclude={"candidate", "alias"}))


class RolloutRead(RolloutSettings):
    """A rollout, and what was counted so far."""

    model_config = ConfigDict(protected_namespaces=(), json_schema_extra={"examples": [STATE]})

    model_name: str
    alias: str
    stable: int = Field(description="The version that the alias names.")
    candidate: int
    status: RolloutStatus
    reason: dict[str, Any] | None
    counts: dict[str, dict[str, int]] = Field(
        description="Jobs that have ended, by what they were (`stable`, `candidate`, `shadow`) and became."
    )
    started_by: int
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: AnyRow, counts: Mapping[str, Mapping[str, int]]) -> Self:
        """Return the answer for a row of the repository and what was counted."""
        about = {
            name: getattr(row, name) for name in cls.model_fields if name not in RolloutSettings.model_fields
            and name != "counts"
        }  # fmt: skip
        return cls(**row.settings, **about, counts=counts)
