"""Answers about the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ENTRY_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "at": "2026-01-02T03:04:05.678901Z",
    "actor_id": 1,
    "actor": "admin@example.com",
    "action": "account.change",
    "object_type": "account",
    "object_id": "2",
    "is_refused": False,
    "address": "192.0.2.17",
    "request_id": "0b4f8d0c1f6e4c0b9d3f6a2b7c8d9e0f",
    "detail": {"is_active": False},
}


class EntryRead(BaseModel):
    """Something that somebody did, or was refused."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [ENTRY_EXAMPLE]})

    id: int
    at: datetime
    actor_id: int | None = Field(description="Null for who is not known: a refused login.")
    actor: str | None = Field(description="Its name then; of a refused login the name that was tried.")
    action: str
    object_type: str
    object_id: str | None
    is_refused: bool
    address: str | None = Field(description="Where the request came from.")
    request_id: str | None
    detail: dict[str, Any] | None


class EntryList(BaseModel):
    """A page of the audit trail, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"total": 1, "items": [ENTRY_EXAMPLE], "next_cursor": None}]}
    )

    total: int = Field(description="Exact up to 1,000.")
    items: list[EntryRead]
    next_cursor: str | None
