"""Requests and answers about rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from satellite.contracts import numbers
from satellite.contracts.notification import NotificationKind
from satellite.contracts.plugin_manifest import PluginName

RULE: Final[dict[str, Any]] = {
    "name": "what fails",
    "kinds": ["job_failed", "run_failed"],
    "channel_ids": [7],
    "plugin_name": "example-classifier",
}
RULE_STORED: Final = RULE | {
    "id": 3,
    "owner_id": 1,
    "workflow_id": None,
    "min_priority": None,
    "of_everybody": False,
    "is_enabled": True,
    "created_at": "2026-01-02T03:04:05Z",
}


class RulePut(BaseModel):
    """What the caller wants to be told of, and by which channels."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RULE]})

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    kinds: list[NotificationKind] = Field(min_length=1, max_length=30)
    channel_ids: list[numbers.Id] = Field(min_length=1, max_length=10)
    plugin_name: PluginName | None = Field(default=None, description="Only jobs of this plugin.")
    workflow_id: numbers.Id | None = Field(default=None, description="Only runs of this workflow.")
    min_priority: numbers.Priority | None = Field(
        default=None, description="Only jobs of this priority or more."
    )
    of_everybody: bool = Field(
        default=False, strict=True, description="Also jobs of other users. Only an admin may."
    )
    is_enabled: bool = Field(default=True, strict=True)

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, kinds: list[NotificationKind]) -> list[NotificationKind]:
        if NotificationKind.TEST in kinds:
            raise ValueError("a test is told without a rule: POST /api/v1/notification-channels/{id}/test")
        return sorted(set(kinds))

    @field_validator("channel_ids")
    @classmethod
    def _channels_once(cls, channel_ids: list[int]) -> list[int]:
        return list(dict.fromkeys(channel_ids))


class RuleRead(BaseModel):
    """A rule."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [RULE_STORED]})

    id: int
    owner_id: int
    name: str
    kinds: list[str]
    channel_ids: list[int]
    plugin_name: str | None
    workflow_id: int | None
    min_priority: int | None
    of_everybody: bool
    is_enabled: bool
    created_at: datetime


class RuleList(BaseModel):
    """A page of rules."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [RULE_STORED]}]})

    total: int
    items: list[RuleRead]
