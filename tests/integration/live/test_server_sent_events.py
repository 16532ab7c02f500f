"""Server-sent events of a real API process, and how streams end with it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.fixtures.api import log_in, running_api
from tests.integration.live.conftest import Storyteller, submit, told
from tests.integration.operation_server_api.conftest import MANIFEST

ACCEPT = {"Accept": "text/event-stream"}


async def messages(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the data of each message."""
    cursor = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            cursor = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield cursor, json.loads(line.removeprefix("data: "))


def asynchronous(client: httpx.Client) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=client.base_url, headers=dict(client.headers), timeout=30)


async def test_a_job_is_told_and_resumed_by_last_event_id(user: httpx.Client, story: Storyteller) -> None:
    job_id = submit(user)
    seen: list[tuple[str, dict[str, Any]]] = []
    async with asynchronous(user) as client:
        async with client.stream("GET", f"/jobs/{job_id}/events", headers=ACCEPT) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            async for message in messages(response):
                seen.append(message)
                break
        await story.start(job_id)
        await story.complete(job_id)
        resumed = ACCEPT | {"Last-Event-ID": seen[-1][0]}
        async with client.stream("GET", f"/jobs/{job_id}/events", headers=resumed) as response:
            async for message in messages(response):
                seen.append(message)
                if message[1]["type"] == "result":
                    break

    assert told([frame for _, frame in seen]) == ["queued", "processing", "completed", "result"]
    assert all(cursor == frame["cursor"] for cursor, frame in seen)


async def test_a_foreign_job_and_a_bad_cursor_are_refused(user: httpx.Client, admin: httpx.Client) -> None:
    foreign = submit(admin)

    assert user.get(f"/jobs/{foreign}/events", headers=ACCEPT).status_code == 403
    assert user.get("/events", params={"after": "nonsense"}, headers=ACCEPT).status_code == 422


async def test_open_streams_and_waits_do_not_hold_up_the_end_of_the_process(
    database_url: str, redis_url: str
) -> None:
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        with log_in(url) as admin:
            admin.post("/plugins", json=MANIFEST).raise_for_status()
            client = asynchronous(admin)
        body = {"plugin_name": "adder", "input_data": {"n": 1}}
        following = asyncio.create_task(client.get("/events", headers=ACCEPT))
        asking = asyncio.create_task(client.post("/jobs", json=body, headers={"Prefer": "wait=30"}))
        while not (await client.get("/jobs")).json()["items"]:
            await asyncio.sleep(0.02)
        # Leaving the block sends the signal to stop and waits for the end of the process.
        began = time.monotonic()
    took_s = time.monotonic() - began

    assert (await asking).status_code == 202
    assert (await following).text.startswith(": open")
    assert took_s < 5
    await client.aclose()
