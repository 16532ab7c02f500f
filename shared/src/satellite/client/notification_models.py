"""Typed answers about notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from satellite.client.models import Answer


class Channel(Answer):
    """By what a user is told; `signing_secret` is there only when a webhook has just been made."""

    id: int
    owner_id: int
    name: str
    kind: str
    hint: str = ""
    is_enabled: bool = True
    fault: str | None = None
    created_at: datetime
    changed_at: datetime | None = None
    signing_secret: str | None = None


class SigningSecret(Answer):
    """What signs webhooks; that of before signs too until then."""

    signing_secret: str
    previous_until: datetime | None = None


class NotificationRule(Answer):
    """What a user is told of, and by which channels."""

    id: int
    owner_id: int
    name: str
    kinds: list[str]
    channel_ids: list[int]
    plugin_name: str | None = None
    workflow_id: int | None = None
    min_priority: int | None = None
    of_everybody: bool = False
    is_enabled: bool = True
    created_at: datetime


class DeliveryAnswer(Answer):
    """What a receiver said to one attempt, or why it said nothing."""

    at: datetime
    attempt: int
    fate: str
    status: int | None = None
    ms: int = 0
    said: str = ""


class Delivery(Answer):
    """A message to one receiver, and the last answers to it."""

    id: int
    message_id: str
    kind: str
    channel_id: int | None = None
    subject: str = "job"
    subject_id: int = 0
    status: str
    attempts: int = 0
    created_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    answers: list[DeliveryAnswer] = Field(default_factory=list)
    body: dict[str, Any] | None = None


class DeliveryPage(Answer):
    """Some deliveries, newest first; `next_cursor` leads to those before."""

    items: list[Delivery]
    next_cursor: str | None = None
