"""Webhooks of single jobs, through every door by which jobs come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.fixtures.receiver import WebhookReceiver
from tests.integration.notifications.conftest import cancel, delivered, deliveries, wait_for_mark

Submit = Callable[..., Awaitable[dict[str, Any]]]
pytestmark = pytest.mark.usefixtures("telling")


@pytest.fixture
async def signing_secret(user: httpx.AsyncClient) -> str:
    return str((await user.post("/webhook-secret")).json()["signing_secret"])


async def test_its_end_is_told_and_signed(
    user: httpx.AsyncClient, submit: Submit, receiver: WebhookReceiver, signing_secret: str
) -> None:
    job = await submit(webhook={"url": receiver.url()})
    quiet = await submit(webhook={"url": receiver.url("/quiet"), "events": ["job_failed"]})
    for each in (job, quiet):
        await cancel(user, each["id"])
    await delivered(user)
    (received,) = receiver.received

    assert received.is_signed_by(signing_secret)
    assert received.json["data"]["job_id"] == job["id"]
    assert received.json["data"]["status"] == "cancelled"


async def test_a_batch_and_a_repeated_request(
    user: httpx.AsyncClient,
    submit: Submit,
    receiver: WebhookReceiver,
    signing_secret: str,
    engine: AsyncEngine,
) -> None:
    del signing_secret
    asked = {"plugin_name": "adder", "input_data": {"n": 1}, "webhook": {"url": receiver.url()}}
    first = await submit()
    answer = await user.post("/jobs/batch", json={"jobs": [asked, asked | {"idempotency_key": "a"}]})
    again = await user.post("/jobs/batch", json={"jobs": [asked | {"idempotency_key": "a"}]})
    for job_id in (first["id"], *answer.json()["ids"]):
        await cancel(user, job_id)
    await delivered(user, count=2)
    await wait_for_mark(engine)

    assert again.json()["replayed"] == 1
    assert {each.json["data"]["job_id"] for each in receiver.received} == set(answer.json()["ids"])
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM job_webhooks")) == 2


async def test_a_run_has_one_too(
    user: httpx.AsyncClient, receiver: WebhookReceiver, signing_secret: str
) -> None:
    workflow = (await user.post("/workflows", json={"name": "waits"})).json()
    task = {"workflow_id": workflow["id"], "name": "pause", "kind": "wait", "wait_s": 600}
    assert (await user.post("/tasks", json=task)).status_code == 201
    assert (await user.post(f"/workflows/{workflow['id']}/deploy")).status_code < 300
    run = await user.post(f"/jobs/trigger/{workflow['id']}", json={"webhook": {"url": receiver.url()}})
    assert run.status_code == 202, run.text
    await cancel(user, run.json()["id"])
    (delivery,) = await delivered(user)
    restarted = await user.post(f"/runs/{run.json()['id']}/restart", json={})
    assert restarted.status_code < 300, restarted.text
    await cancel(user, restarted.json()["run_id"])
    await delivered(user, count=2)

    assert delivery["kind"] == "run_cancelled"
    assert [each.json["data"]["job_id"] for each in receiver.received] == [
        run.json()["id"],
        restarted.json()["run_id"],
    ]
    assert receiver.received[0].is_signed_by(signing_secret)


async def test_without_a_signing_secret_it_says_what_to_do(
    user: httpx.AsyncClient, adder: dict[str, Any], receiver: WebhookReceiver
) -> None:
    job = {"plugin_name": adder["name"], "input_data": {"n": 1}, "webhook": {"url": receiver.url()}}
    for path, body in (("/jobs", job), ("/jobs/batch", {"jobs": [job]})):
        answer = await user.post(path, json=body)
        assert answer.status_code == 409
        assert "POST /api/v1/webhook-secret" in answer.json()["detail"]
    assert (await user.get("/jobs")).json()["total"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/hook", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/", "ftp://example.com/", "https://user:password@example.com/", "http://[::1]:1/",
        "https://example.com:22/", "nonsense", "http://93.184.215.14/",
    ],
)  # fmt: skip
async def test_unsafe_addresses_are_refused_at_each_door(
    user: httpx.AsyncClient, adder: dict[str, Any], signing_secret: str, url: str
) -> None:
    del signing_secret
    job = {"plugin_name": adder["name"], "input_data": {"n": 1}, "webhook": {"url": url}}
    one = await user.post("/jobs", json=job)
    batch = await user.post("/jobs/batch", json={"jobs": [job]})
    channel = await user.post("/notification-channels", json={"name": "x", "kind": "slack", "address": url})

    assert [each.status_code for each in (one, batch, channel)] == [422, 422, 422]
    assert batch.json()["errors"][0]["pointer"] == "/jobs/0/webhook/url"
    assert await deliveries(user) == []


async def test_the_address_is_encrypted(
    user: httpx.AsyncClient,
    submit: Submit,
    receiver: WebhookReceiver,
    signing_secret: str,
    engine: AsyncEngine,
) -> None:
    del user
    await submit(webhook={"url": receiver.url("/token-of-mine")})
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM notification_secrets"))).all()
        hooks = (await connection.execute(text("SELECT * FROM job_webhooks"))).all()

    assert len(rows) == 2
    assert "token-of-mine" not in f"{rows}{hooks}"
    assert signing_secret not in str(rows)
