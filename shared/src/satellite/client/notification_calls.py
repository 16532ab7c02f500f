"""What the client does with notifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.models import Page
from satellite.client.notification_models import (
    Channel,
    Delivery,
    DeliveryPage,
    NotificationRule,
    SigningSecret,
)
from satellite.client.reading import check_request

CHANNELS, RULES, DELIVERIES = "/notification-channels", "/notification-rules", "/notification-deliveries"


class NotificationCalls(Connection):
    """The part of the clients about channels, rules and deliveries."""

    @Call
    def create_channel(self, name: str, kind: str, address: str | None = None) -> Flow[Channel]:
        """Make a channel: `email`, `slack`, `teams`, `webhook` or `websocket`; no address is shown again."""
        body = _given(name=name, kind=kind, address=address)
        check_request(body)
        return ask(Channel, "POST", CHANNELS, body=body)

    @Call
    def list_channels(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[Channel]]:
        """List your channels by name."""
        return ask(Page[Channel], "GET", CHANNELS, params={"skip": skip, "limit": limit})

    @Call
    def change_channel(self, /, channel_id: int, **fields: Any) -> Flow[Channel]:
        """Change `name`, `address` or `is_enabled` of a channel."""
        check_request(fields)
        return ask(Channel, "PATCH", f"{CHANNELS}/{channel_id}", body=fields)

    @Call
    def delete_channel(self, channel_id: int) -> Flow[None]:
        """Delete a channel with its deliveries."""
        return tell("DELETE", f"{CHANNELS}/{channel_id}")

    @Call
    def test_channel(self, channel_id: int) -> Flow[Delivery]:
        """Send a message that says it is a test."""
        return ask(Delivery, "POST", f"{CHANNELS}/{channel_id}/test")

    @Call
    def rotate_signing_secret(self, channel_id: int) -> Flow[SigningSecret]:
        """Make another secret that signs a webhook's messages; that of before signs too for a while."""
        return ask(SigningSecret, "POST", f"{CHANNELS}/{channel_id}/rotate-secret")

    @Call
    def make_webhook_secret(self) -> Flow[SigningSecret]:
        """Make the secret that signs webhooks of your jobs, or another one."""
        return ask(SigningSecret, "POST", "/webhook-secret")

    @Call
    def create_rule(
        self, /, name: str, kinds: Sequence[str], channel_ids: Sequence[int], **filters: Any
    ) -> Flow[NotificationRule]:
        """Make a rule; `filters` are `plugin_name`, `workflow_id`, `min_priority` and `of_everybody`."""
        body = _given(name=name, kinds=list(kinds), channel_ids=list(channel_ids), **filters)
        check_request(body)
        return ask(NotificationRule, "POST", RULES, body=body)

    @Call
    def list_rules(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[NotificationRule]]:
        """List your rules."""
        return ask(Page[NotificationRule], "GET", RULES, params={"skip": skip, "limit": limit})

    @Call
    def delete_rule(self, rule_id: int) -> Flow[None]:
        """Delete a rule."""
        return tell("DELETE", f"{RULES}/{rule_id}")

    @Call
    def list_deliveries(
        self,
        *,
        status: str | None = None,
        kind: str | None = None,
        channel_id: int | None = None,
        job_id: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Flow[DeliveryPage]:
        """List what you were or are to be told, newest first, with what receivers said."""
        query = {"status": status, "kind": kind, "channel_id": channel_id, "job_id": job_id}
        page = {"cursor": cursor, "limit": limit}
        return ask(DeliveryPage, "GET", DELIVERIES, params=query | page)

    @Call
    def get_delivery(self, delivery_id: int) -> Flow[Delivery]:
        """Return a delivery with what it says."""
        return ask(Delivery, "GET", f"{DELIVERIES}/{delivery_id}")

    @Call
    def redeliver(self, delivery_id: int) -> Flow[Delivery]:
        """Send a delivery that has ended once more, under the same id."""
        return ask(Delivery, "POST", f"{DELIVERIES}/{delivery_id}/redeliver")


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
