"""Where a channel may lead to, and what may be shown of it."""

from __future__ import annotations

from typing import Final

from email_validator import EmailNotValidError, validate_email

from operation_server.accounts.account import Account
from operation_server.notifications.access import reaches_everybody
from operation_server.notifications.errors import ChannelInvalid, EmailNotSetUp
from operation_server.settings import SmtpSettings
from operation_server.webhooks.door import WebhookDoor
from satellite.contracts.notification import ChannelKind

OWN_STREAMS: Final = "the streams that you have open"


class ChannelAddresses:
    """Checks addresses before they are stored."""

    def __init__(self, door: WebhookDoor, smtp: SmtpSettings) -> None:
        self._door = door
        self._smtp = smtp

    async def check(self, caller: Account, kind: ChannelKind, address: str | None) -> tuple[str | None, str]:
        """Return the address to store, if there is one, and what may be shown of it.

        Raises:
            WebhookRefused: nothing may be sent there.
            ChannelInvalid: it is no address of e-mail, or none that the caller may name.
            EmailNotSetUp: there is no mail server.
        """
        if kind is ChannelKind.WEBSOCKET:
            return None, OWN_STREAMS
        if kind is ChannelKind.EMAIL:
            email = self._email(caller, address or caller.email)
            return email, email
        url = address or ""
        return url, (await self._door.check(url)).authority

    def _email(self, caller: Account, address: str) -> str:
        if self._smtp.host is None:
            raise EmailNotSetUp
        if address == caller.email:
            return address
        try:
            found = validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            raise ChannelInvalid(f"It is no address of e-mail: {error}") from error
        if found.domain.lower() not in self._smtp.recipient_domains and not reaches_everybody(caller):
            raise ChannelInvalid(
                f"You are told at {caller.email}, or at an address of a domain that an operator has named "
                "(SATELLITE_SMTP_RECIPIENT_DOMAINS)."
            )
        return found.normalized
