"""E-mail by a real mail server, Slack and Teams as they take messages, and the streams of a user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from operation_server.notifications.sending import backoff
from operation_server.settings import SmtpSecurity, SmtpSettings
from satellite.contracts.event import EventSubject, EventType
from tests.fixtures.mail import MailServer
from tests.fixtures.receiver import WebhookReceiver
from tests.integration.notifications.conftest import cancel, delivered, make_channel, make_rule

Submit = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def smtp_settings(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> SmtpSettings:
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)
    return SmtpSettings(
        host="127.0.0.1",
        port=mail_server.port,
        security=SmtpSecurity.NONE,
        username=MailServer.USER,
        password=SecretStr(MailServer.PASSWORD),
        sender="satellite@example.com",
        recipient_domains=["friends.example"],
    )


@pytest.mark.usefixtures("telling")
async def test_an_email_says_what_has_happened(
    user: httpx.AsyncClient, submit: Submit, mail_server: MailServer
) -> None:
    channel = await make_channel(user, kind="email")
    await make_rule(user, channel["id"])
    job = await submit()
    await cancel(user, job["id"])
    (delivery,) = await delivered(user)
    (mail,) = mail_server.box.mails

    assert mail_server.box.recipients == ["ada@example.com"]
    assert mail["Subject"] == f"Job {job['id']} (adder) was cancelled"
    assert mail["Message-ID"] == f"<{delivery['message_id']}@example.com>"
    assert mail["From"] == "Satellite <satellite@example.com>"
    assert "completed at:" in str(mail.get_content())


@pytest.mark.usefixtures("telling")
async def test_what_a_mail_server_refuses_for_now_is_sent_again_and_else_given_up(
    user: httpx.AsyncClient, mail_server: MailServer
) -> None:
    channel = await make_channel(user, kind="email")
    mail_server.box.refusals = ["451 try again later"]
    await user.post(f"/notification-channels/{channel['id']}/test")
    (later,) = await delivered(user)
    mail_server.box.refusals = ["550 nobody of this name"]
    await user.post(f"/notification-channels/{channel['id']}/test")
    (never,) = await delivered(user, status="failed")

    assert [answer["status"] for answer in later["answers"]] == [451, 250]
    assert never["attempts"] == 1
    assert never["answers"][0]["status"] == 550
    assert "nobody of this name" in never["answers"][0]["said"]


async def test_users_write_to_themselves_and_to_named_domains(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, mail_server: MailServer
) -> None:
    del mail_server

    async def status(client: httpx.AsyncClient, address: str) -> int:
        channel = {"name": address, "kind": "email", "address": address}
        return (await client.post("/notification-channels", json=channel)).status_code

    assert await status(user, "ada@example.com") == 201
    assert await status(user, "bob@friends.example") == 201
    assert await status(user, "bob@strangers.example") == 422
    assert await status(user, "bob@friends.example\r\nBcc: all@strangers.example") == 422
    assert await status(admin, "bob@strangers.example") == 201


@pytest.mark.usefixtures("telling")
async def test_slack_and_teams_are_told_in_their_form(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver
) -> None:
    slack = await make_channel(user, name="slack", kind="slack", address=receiver.url("/ok/slack"))
    teams = await make_channel(user, name="teams", kind="teams", address=receiver.url("/ok/teams"))
    await make_rule(user, slack["id"], teams["id"])
    job = await submit()
    await cancel(user, job["id"])
    await delivered(user, count=2)
    (told,), (card,) = receiver.at("/ok/slack"), receiver.at("/ok/teams")
    title = f"Job {job['id']} (adder) was cancelled"

    assert told.json["text"].splitlines()[0] == title
    assert "webhook-signature" not in told.headers
    content = card.json["attachments"][0]["content"]
    assert content["type"] == "AdaptiveCard"
    assert content["body"][0]["inlines"][0]["text"] == title
    assert slack["signing_secret"] is None


@pytest.mark.usefixtures("telling")
async def test_open_streams_of_the_user_are_told(
    user: httpx.AsyncClient, submit: Submit, redis_url: str
) -> None:
    from redis.asyncio import Redis

    from satellite.contracts import redis_keys

    channel = await make_channel(user, kind="websocket")
    await make_rule(user, channel["id"])
    job = await submit()
    await cancel(user, job["id"])
    (delivery,) = await delivered(user)
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        entries = [fields for _, fields in await redis.xrange(redis_keys.EVENTS)]
    (entry,) = [each for each in entries if each["type"] == EventType.NOTIFICATION]

    assert entry["job_id"] == str(job["id"])
    assert entry["subject"] == EventSubject.JOB
    assert entry["owner_id"] == str(channel["owner_id"])
    assert delivery["message_id"] in entry["data"]


async def test_without_a_mail_server_it_says_so(
    user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, smtp_settings: SmtpSettings
) -> None:
    monkeypatch.setattr(smtp_settings, "host", None)
    answer = await user.post("/notification-channels", json={"name": "m", "kind": "email"})

    assert answer.status_code == 409
    assert "SATELLITE_SMTP_HOST" in answer.json()["detail"]
