"""Webhooks: signed, tried again, ended by 410, and no receiver waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.notifications.sending import backoff
from tests.fixtures.receiver import WebhookReceiver
from tests.integration.notifications.conftest import (
    cancel,
    delivered,
    deliveries,
    make_channel,
    make_rule,
    until,
    wait_for_mark,
)

Submit = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers are tried again soon."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)
    monkeypatch.setattr(backoff, "LONGEST_S", 0.1)


@pytest.mark.usefixtures("telling")
async def test_the_end_of_a_job_is_told_once_and_signed(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver, engine: AsyncEngine
) -> None:
    channel = await make_channel(user, address=receiver.url())
    await make_rule(user, channel["id"], kinds=["job_cancelled"])
    job = await submit()
    await cancel(user, job["id"])

    (delivery,) = await delivered(user)
    await wait_for_mark(engine)
    (received,) = receiver.at("/ok")

    assert received.is_signed_by(channel["signing_secret"])
    assert received.id == delivery["message_id"]
    assert received.json["type"] == "job_cancelled"
    assert received.json["data"]["job_id"] == job["id"]
    assert received.json["data"]["plugin_name"] == "adder"
    assert delivery["answers"][0] | {"at": "", "ms": 0} == {
        "at": "", "attempt": 1, "fate": "delivered", "status": 200, "ms": 0, "said": "thanks",
    }  # fmt: skip
    assert len(await deliveries(user)) == 1


@pytest.mark.usefixtures("telling", "quick")
async def test_what_fails_is_tried_again_under_the_same_id(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver
) -> None:
    channel = await make_channel(user, address=receiver.url("/fails/2"))
    await make_rule(user, channel["id"])
    await cancel(user, (await submit())["id"])

    (delivery,) = await delivered(user)

    assert delivery["attempts"] == 3
    assert [answer["status"] for answer in delivery["answers"]] == [503, 503, 200]
    assert {each.id for each in receiver.at("/fails/2")} == {delivery["message_id"]}


@pytest.mark.usefixtures("telling")
async def test_a_receiver_that_is_gone_is_told_nothing_more(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver
) -> None:
    channel = await make_channel(user, address=receiver.url("/status/410"))
    await make_rule(user, channel["id"])
    await cancel(user, (await submit())["id"])
    await delivered(user, status="failed")

    shown = (await user.get(f"/notification-channels/{channel['id']}")).json()
    await cancel(user, (await submit())["id"])

    assert not shown["is_enabled"]
    assert "410" in shown["fault"]
    assert (await user.post(f"/notification-channels/{channel['id']}/test")).status_code == 409
    assert len(receiver.received) == 1


@pytest.mark.usefixtures("telling", "quick")
async def test_redirects_are_not_followed(user: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    channel = await make_channel(user, address=receiver.url("/redirect"))
    await user.post(f"/notification-channels/{channel['id']}/test")
    await until(lambda: asyncio.sleep(0, len(receiver.at("/redirect")) >= 2))

    assert {each.path for each in receiver.received} == {"/redirect"}


@pytest.mark.usefixtures("telling", "quick")
@pytest.mark.parametrize("path", ["/hang", "/drip"])
async def test_a_dead_receiver_holds_up_no_other(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver, path: str
) -> None:
    dead = await make_channel(user, name="dead", address=receiver.url(path))
    well = await make_channel(user, name="well", address=receiver.url("/ok"))
    await make_rule(user, dead["id"], well["id"])
    for _ in range(30):
        await cancel(user, (await submit())["id"])

    found = await delivered(user, count=30)

    assert {each["channel_id"] for each in found} == {well["id"]}
    assert len(receiver.at(path)) < 30
    assert "within 2 s" in str(await until(lambda: _answers(user, dead["id"])))


async def _answers(user: httpx.AsyncClient, channel_id: int) -> list[Any]:
    return [answer for each in await deliveries(user, channel_id=channel_id) for answer in each["answers"]]


@pytest.mark.usefixtures("telling")
async def test_a_long_answer_is_not_read_to_its_end(
    user: httpx.AsyncClient, receiver: WebhookReceiver
) -> None:
    channel = await make_channel(user, address=receiver.url("/big"))
    await user.post(f"/notification-channels/{channel['id']}/test")

    (delivery,) = await delivered(user)

    assert delivery["answers"][0]["said"] == "x" * 1_024


@pytest.mark.usefixtures("telling")
async def test_retry_after_is_waited_for(
    user: httpx.AsyncClient, receiver: WebhookReceiver, engine: AsyncEngine
) -> None:
    receiver.retry_after = "3600"
    channel = await make_channel(user, address=receiver.url("/status/429"))
    await user.post(f"/notification-channels/{channel['id']}/test")
    await until(lambda: _answers(user, channel["id"]))

    async with engine.connect() as connection:
        wait_s = await connection.scalar(
            text("SELECT extract(epoch FROM due_at - now()) FROM notification_deliveries")
        )

    assert 3_500 < wait_s <= 3_600


@pytest.mark.usefixtures("telling")
async def test_a_rotated_secret_signs_beside_that_of_before(
    user: httpx.AsyncClient, receiver: WebhookReceiver
) -> None:
    channel = await make_channel(user, address=receiver.url())
    rotated = (await user.post(f"/notification-channels/{channel['id']}/rotate-secret")).json()
    await user.post(f"/notification-channels/{channel['id']}/test")
    await delivered(user)
    (received,) = receiver.at("/ok")

    assert received.is_signed_by(rotated["signing_secret"])
    assert received.is_signed_by(channel["signing_secret"])
    assert not received.is_signed_by("whsec_" + "QUFB" * 11)


@pytest.mark.usefixtures("telling", "quick")
async def test_what_was_given_up_is_sent_again_by_hand(
    user: httpx.AsyncClient, receiver: WebhookReceiver, engine: AsyncEngine
) -> None:
    channel = await make_channel(user, address=receiver.url("/fails/1"))
    answer = await user.post(f"/notification-channels/{channel['id']}/test")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE notification_deliveries SET give_up_at = now()"))
    (failed,) = await delivered(user, status="failed")

    again = await user.post(f"/notification-deliveries/{failed['id']}/redeliver")
    (delivery,) = await delivered(user)

    assert answer.json()["id"] == delivery["id"]
    assert again.status_code == 202
    assert len({each.id for each in receiver.received}) == 1


@pytest.mark.usefixtures("telling")
async def test_nothing_goes_to_addresses_that_are_not_allowed(
    user: httpx.AsyncClient, receiver: WebhookReceiver, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public when it is stored and private when it is sent to: rebinding."""
    told = iter(["93.184.215.14"])

    async def resolve(host: str, port: int) -> list[Any]:
        from ipaddress import ip_address

        return [ip_address(next(told, "10.0.0.1"))]

    monkeypatch.setattr("operation_server.webhooks.resolution._resolve", resolve)
    channel = await make_channel(user, address="https://rebinding.example/hook")
    await user.post(f"/notification-channels/{channel['id']}/test")

    (delivery,) = await delivered(user, status="failed")

    assert "10.0.0.1" in delivery["answers"][0]["said"]
    assert delivery["answers"][0]["fate"] == "refused"
