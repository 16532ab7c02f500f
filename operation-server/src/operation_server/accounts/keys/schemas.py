"""Requests and answers about API keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from operation_server.accounts.access import Permission
from operation_server.accounts.keys.changes import KeyTerms
from operation_server.accounts.limits.schemas import PerMinute
from operation_server.settings import YEAR_S
from satellite.contracts.plugin_manifest import PluginName

MOST_PLUGINS = 100
KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class KeyCreate(BaseModel):
    """A new key of one's own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "nightly import",
                    "permissions": ["jobs:change", "jobs:read"],
                    "plugins": ["example-classifier"],
                    "expires_in_s": 7_776_000,
                }
            ]
        },
    )

    name: KeyName
    permissions: list[Permission] | None = Field(
        default=None,
        min_length=1,
        max_length=len(Permission),
        description="All of the account's unless given.",
    )
    plugins: list[PluginName] | None = Field(
        default=None, min_length=1, max_length=MOST_PLUGINS, description="All unless given."
    )
    expires_in_s: int | None = Field(
        default=None,
        ge=1,
        le=10 * YEAR_S,
        strict=True,
        description="Seconds; it does not expire unless given.",
    )
    requests_per_minute: PerMinute | None = Field(
        default=None, description="Those of its account unless given, which hold beside them."
    )

    def as_terms(self) -> KeyTerms:
        """Return what the key is for, from now on."""
        expires_in = None if self.expires_in_s is None else timedelta(seconds=self.expires_in_s)
        return KeyTerms(
            name=self.name,
            permissions=self.permissions,
            plugins=self.plugins,
            requests_per_minute=self.requests_per_minute,
            expires_at=None if expires_in is None else datetime.now(UTC) + expires_in,
        )


KEY_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "user_id": 1,
    "name": "nightly import",
    "permissions": ["jobs:change", "jobs:read"],
    "plugins": ["example-classifier"],
    "requests_per_minute": None,
    "created_at": "2026-01-02T03:04:05Z",
    "expires_at": "2026-04-02T03:04:05Z",
    "last_used_at": None,
    "revoked_at": None,
}


class KeyRead(BaseModel):
    """A key, without what opens anything."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [KEY_EXAMPLE]})

    id: int
    user_id: int
    name: str
    permissions: list[str] | None = Field(description="Null: all that its account may.")
    plugins: list[str] | None = Field(description="Null: with all plugins.")
    requests_per_minute: int | None = Field(description="Null: as many as its account.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="At most a minute late.")
    revoked_at: datetime | None


class KeyMade(KeyRead):
    """A new key, with its text, which is shown this once."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [KEY_EXAMPLE | {"key": "sat_7_" + "x" * 43 + "0badcafe"}]},
    )

    key: str = Field(description="Send it as `X-API-Key`. Shown only now.")


class KeyList(BaseModel):
    """A page of keys."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [KEY_EXAMPLE]}]})

    total: int
    items: list[KeyRead]
