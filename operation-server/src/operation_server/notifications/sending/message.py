"""A message on its way to one receiver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from satellite.contracts.notification import ChannelKind, WebhookMessage


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery that this process has claimed."""

    id: int
    claim: int
    attempts: int
    """This one included."""
    message_id: str
    owner_id: int
    channel_id: int | None
    """None: it is for the webhook of a job."""
    channel_kind: ChannelKind
    subject: str
    subject_id: int
    lane: str
    body: str

    @cached_property
    def message(self) -> WebhookMessage:
        """Return what is told.

        Raises:
            ValidationError: it is not what this release writes.
        """
        return WebhookMessage.model_validate_json(self.body)
