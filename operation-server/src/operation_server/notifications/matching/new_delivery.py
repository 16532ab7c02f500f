"""What is to be sent, as it is stored: written once, so that all its sendings are the same."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from satellite.contracts.notification import NotificationKind, WebhookMessage

MESSAGE_MAX: Final = 2_000
PLATFORM: Final = "platform"


def new_delivery(
    kind: NotificationKind,
    data: Mapping[str, Any],
    *,
    at: datetime,
    owner_id: int,
    channel_id: int | None,
    hint: str | None = None,
) -> dict[str, Any]:
    """Return a delivery to a channel, or without one to the webhook of the job that `data` is about.

    `hint` is where such a webhook leads to: all of one owner's that lead to one host share a lane.
    """
    message = WebhookMessage(type=kind, timestamp=at, data=_bounded(data))
    return {
        "message_id": f"msg_{uuid.uuid4().hex}",
        "owner_id": owner_id,
        "kind": kind,
        "channel_id": channel_id,
        "subject": data.get("subject", PLATFORM),
        "subject_id": data.get("job_id", 0),
        "lane": f"webhook:{owner_id}:{hint}" if channel_id is None else f"channel:{channel_id}",
        "body": message.model_dump_json(),
    }


def _bounded(data: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in data.items() if value is not None}
    error = known.get("error")
    if isinstance(error, Mapping):
        known["error"] = {
            name: value[:MESSAGE_MAX] if isinstance(value, str) else value
            for name, value in error.items()
            if name in {"kind", "message", "exit_code", "task"}
        }
    return known
