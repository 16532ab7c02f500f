"""Tells by e-mail, by the mail server of the settings."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate

from operation_server.notifications.sending.message import Claimed
from operation_server.notifications.sending.outcome import SAID_MAX, Fate, Outcome, failed
from operation_server.notifications.wording import text_of, title_of
from operation_server.settings import SmtpSecurity, SmtpSettings

PERMANENT = 500
LOGIN_REFUSED = (530, 534, 535)


class Mailer:
    """Sends one e-mail at a time in a thread of its own."""

    def __init__(self, settings: SmtpSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s

    async def send(self, claimed: Claimed, address: str) -> Outcome:
        """Send an e-mail, and return what the mail server said; nothing is raised."""
        if self._settings.host is None:
            return failed("This installation sends no e-mail (SATELLITE_SMTP_HOST).", fate=Fate.REFUSED)
        began = time.monotonic()
        outcome = await asyncio.to_thread(self._send, _email(claimed, address, self._settings.sender))
        return replace(outcome, ms=round((time.monotonic() - began) * 1_000))

    def _send(self, email: EmailMessage) -> Outcome:
        try:
            with self._connect() as server:
                server.send_message(email)
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(*next(iter(error.recipients.values())))
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            return failed(f"{type(error).__name__}: {error}")
        return Outcome(fate=Fate.DELIVERED, status=250)

    def _connect(self) -> smtplib.SMTP:
        settings, context = self._settings, ssl.create_default_context()
        host = settings.host or ""
        if settings.security is SmtpSecurity.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, settings.port, timeout=self._timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(host, settings.port, timeout=self._timeout_s)
        try:
            if settings.security is SmtpSecurity.STARTTLS:
                server.starttls(context=context)
            if settings.username is not None and settings.password is not None:
                server.login(settings.username, settings.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


def _email(claimed: Claimed, address: str, sender: str) -> EmailMessage:
    message = claimed.message
    email = EmailMessage()
    email["From"], email["To"] = f"Satellite <{sender}>", address
    email["Subject"] = title_of(message.type, message.data)
    email["Date"] = formatdate(message.timestamp.timestamp())
    # Stays the same however often it is sent: mailboxes drop repeats by it.
    email["Message-ID"] = f"<{claimed.message_id}@{sender.rpartition('@')[2]}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(text_of(message.type, message.data) + "\n")
    return email


def _refused(code: int, said: bytes | str) -> Outcome:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    # A login that is refused is mended by an operator, and everybody's messages wait for it.
    fate = Fate.REFUSED if code >= PERMANENT and code not in LOGIN_REFUSED else Fate.RETRY
    return Outcome(fate=fate, status=code, said=text[:SAID_MAX])
