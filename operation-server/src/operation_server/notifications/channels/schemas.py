"""Requests and answers about channels. No answer holds an address with what is secret in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from satellite.contracts.notification import URL_LENGTH, ChannelKind

ChannelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Address = Annotated[
    SecretStr,
    Field(
        min_length=1,
        max_length=URL_LENGTH,
        description="Of a webhook, as Slack or a workflow of Teams gives it out, or of e-mail; never shown.",
    ),
]

CHANNEL: Final[dict[str, Any]] = {
    "id": 7,
    "owner_id": 1,
    "name": "ops",
    "kind": "webhook",
    "hint": "example.com",
    "is_enabled": True,
    "fault": None,
    "created_at": "2026-01-02T03:04:05Z",
    "changed_at": "2026-01-02T03:04:05Z",
}
SIGNING: Final[dict[str, Any]] = {
    "signing_secret": "whsec_c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMuLi4=",
    "previous_until": None,
}


class ChannelCreate(BaseModel):
    """A new channel."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "ops", "kind": "webhook", "address": "https://example.com/hook"}]
        },
    )

    name: ChannelName
    kind: ChannelKind
    address: Address | None = Field(
        default=None, description="Of e-mail that of the account unless given; a WebSocket has none."
    )

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        needs = self.kind in {ChannelKind.WEBHOOK, ChannelKind.SLACK, ChannelKind.TEAMS}
        if needs and self.address is None:
            raise ValueError(f"a channel of kind {self.kind} needs an address")
        if self.kind is ChannelKind.WEBSOCKET and self.address is not None:
            raise ValueError("a WebSocket has no address: whoever has one open is told")
        return self


class ChannelChange(BaseModel):
    """What changes of a channel; the rest stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_enabled": False}]})

    name: ChannelName | None = None
    is_enabled: bool | None = Field(default=None, strict=True)
    address: Address | None = None


class ChannelRead(BaseModel):
    """A channel."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [CHANNEL]})

    id: int
    owner_id: int
    name: str
    kind: str
    hint: str = Field(description="What may be shown of where it leads to.")
    is_enabled: bool
    fault: str | None = Field(description="Why the platform has disabled it.")
    created_at: datetime
    changed_at: datetime


class SigningSecretRead(BaseModel):
    """What signs webhooks, shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [SIGNING]})

    signing_secret: str
    previous_until: datetime | None = Field(
        description="Until then each message is signed by the secret of before too."
    )


class ChannelCreated(ChannelRead):
    """A new channel; that of a webhook with what signs its messages, shown this once."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [CHANNEL | {"signing_secret": SIGNING["signing_secret"]}]},
    )

    signing_secret: str | None = None


class ChannelList(BaseModel):
    """A page of channels."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [CHANNEL]}]})

    total: int
    items: list[ChannelRead]
