"""Requests and answers about the limits of an account."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.numbers import LARGEST_ID, NUMBER, MaxRunning

PerMinute = Annotated[int, Field(ge=1, le=1_000_000_000), NUMBER]
MaxQueued = Annotated[int, Field(ge=0, le=1_000_000_000), NUMBER]

StoredBytes = Annotated[int, Field(ge=0, le=LARGEST_ID), NUMBER]

LIMITS_EXAMPLE: dict[str, Any] = {
    "max_running": 4,
    "max_queued": 1_000,
    "stored_bytes": 10_737_418_240,
    "submissions_per_minute": 600,
    "requests_per_minute": None,
}
IN_FORCE_EXAMPLE: dict[str, Any] = LIMITS_EXAMPLE | {"requests_per_minute": 600_000}


class UserLimitsPut(BaseModel):
    """All limits of an account; what is null or left out is as for everybody."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [LIMITS_EXAMPLE]})

    max_running: MaxRunning | None = Field(default=None, description="Jobs that run at once; null: no limit.")
    max_queued: MaxQueued | None = Field(default=None, description="Jobs that wait; 0: it may submit none.")
    stored_bytes: StoredBytes | None = Field(default=None, description="Bytes of its files.")
    submissions_per_minute: PerMinute | None = Field(
        default=None, description="Jobs submitted, retried or replayed; as many at once."
    )
    requests_per_minute: PerMinute | None = None


class LimitsInForce(BaseModel):
    """What the account is held to."""

    model_config = ConfigDict(json_schema_extra={"examples": [IN_FORCE_EXAMPLE]})

    max_running: int | None = Field(description="Null: no limit.")
    max_queued: int
    stored_bytes: int
    submissions_per_minute: int
    requests_per_minute: int


class UserLimitsRead(BaseModel):
    """The limits of an account: what was set for it, and what that comes to with those of everybody."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"own": LIMITS_EXAMPLE, "in_force": IN_FORCE_EXAMPLE}]}
    )

    own: UserLimitsPut
    in_force: LimitsInForce
