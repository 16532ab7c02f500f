"""Which sender a delivery goes to, with what is secret about its receiver."""

from __future__ import annotations

import time
from dataclasses import dataclass

from operation_server.database.engine import AsyncEngine
from operation_server.live.event_publisher import EventPublisher
from operation_server.notifications.sending import repository
from operation_server.notifications.sending.chat import slack_body, teams_body
from operation_server.notifications.sending.guarded_http import GuardedHttp
from operation_server.notifications.sending.live import tell_live
from operation_server.notifications.sending.mail import Mailer
from operation_server.notifications.sending.message import Claimed
from operation_server.notifications.sending.outcome import Fate, Outcome, failed
from operation_server.secrets.envelope import open_value
from operation_server.secrets.errors import SecretDamaged, SecretKeyMissing
from operation_server.secrets.key_ring import KeyRing
from operation_server.webhooks import repository as webhooks
from operation_server.webhooks.signing import signed_headers
from satellite.contracts.notification import ChannelKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where something is sent to, and what signs it."""

    address: str
    signing_secrets: tuple[str, ...] = ()


class Senders:
    """Sends what was claimed."""

    def __init__(
        self, engine: AsyncEngine, ring: KeyRing, *, http: GuardedHttp, mailer: Mailer, events: EventPublisher
    ) -> None:
        self._engine = engine
        self._ring = ring
        self._http = http
        self._mailer = mailer
        self._events = events

    async def send(self, claimed: Claimed) -> Outcome:
        """Send a message, and return what came of it.

        Raises:
            Exception: there is an outage of the database, or nobody foresaw it.
        """
        if claimed.channel_kind is ChannelKind.WEBSOCKET:
            async with self._engine.connect() as connection:
                uid = await repository.find_uid(connection, claimed.subject, claimed.subject_id)
            return await tell_live(self._events, claimed, uid)
        try:
            receiver = await self._receiver(claimed)
        except SecretKeyMissing as error:
            return failed(str(error))
        except SecretDamaged as error:
            return failed(str(error), fate=Fate.REFUSED)
        if receiver is None:
            return failed("There is no receiver any more.", fate=Fate.REFUSED)
        return await self._send_to(receiver, claimed)

    async def _send_to(self, receiver: Receiver, claimed: Claimed) -> Outcome:
        if claimed.channel_kind is ChannelKind.EMAIL:
            return await self._mailer.send(claimed, receiver.address)
        if claimed.channel_kind is ChannelKind.SLACK:
            return await self._http.post(receiver.address, slack_body(claimed.message), {})
        if claimed.channel_kind is ChannelKind.TEAMS:
            return await self._http.post(receiver.address, teams_body(claimed.message), {})
        body = claimed.body.encode()
        headers = signed_headers(
            body,
            message_id=claimed.message_id,
            timestamp_s=int(time.time()),
            signing_secrets=receiver.signing_secrets,
        )
        return await self._http.post(receiver.address, body, headers)

    async def _receiver(self, claimed: Claimed) -> Receiver | None:
        async with self._engine.connect() as connection:
            address = await webhooks.find_address(
                connection, channel_id=claimed.channel_id, job_id=claimed.subject_id
            )
            signing = (
                await webhooks.list_signing(connection, claimed.owner_id, claimed.channel_id)
                if claimed.channel_kind is ChannelKind.WEBHOOK
                else []
            )
        if address is None or (claimed.channel_kind is ChannelKind.WEBHOOK and not signing):
            return None
        return Receiver(
            address=open_value(self._ring, *address),
            signing_secrets=tuple(open_value(self._ring, *each) for each in signing),
        )
