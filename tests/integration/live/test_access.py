"""Open streams of accounts that lose what they need for them: they end, on every API process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.fixtures.api import ADMIN, log_in, open_account, running_api
from tests.integration.live.conftest import Storyteller, frames_until, socket, submit
from tests.integration.live.test_server_sent_events import ACCEPT, asynchronous

ENDS_WITHIN_S = 5.0
SLACK_S = 10.0
"""Two shared cores with other work may be slow."""
SECOND = {"username": "grace@example.com", "password": "the second admin"}


@pytest.fixture
def other_url(database_url: str, redis_url: str, api_url: str) -> Iterator[str]:
    """Another API process, which is told nothing by the first one."""
    del api_url
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


@pytest.fixture
def second(admin: httpx.Client, other_url: str) -> Iterator[httpx.Client]:
    """A second admin, at the other process."""
    open_account(admin, SECOND, role="admin")
    with log_in(other_url, SECOND) as client:
        yield client


def account_id(client: httpx.Client) -> int:
    number: int = client.get("/users/me").raise_for_status().json()["id"]
    return number


async def close_code(connection: ClientConnection) -> int | None:
    async with asyncio.timeout(ENDS_WITHIN_S + SLACK_S):
        await connection.wait_closed()
    return connection.close_code


@contextlib.asynccontextmanager
async def following(client: httpx.Client, path: str) -> AsyncIterator[asyncio.Task[str]]:
    """Follow a stream of server-sent events; the task ends with it."""

    async def read() -> str:
        async with (
            asynchronous(client) as reader,
            reader.stream("GET", path, headers=ACCEPT) as response,
        ):
            assert response.status_code == 200
            opened.set()
            return "".join([line async for line in response.aiter_lines()])

    opened = asyncio.Event()
    reading = asyncio.create_task(read())
    try:
        await asyncio.wait_for(opened.wait(), 20)
        yield reading
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def test_streams_of_a_closed_account_end(
    user: httpx.Client, admin: httpx.Client, other_url: str, story: Storyteller
) -> None:
    job_id = submit(user)
    credentials = {"username": "ada@example.com", "password": "analytical engine"}
    with log_in(other_url, credentials) as elsewhere:
        async with (
            socket(user, f"/ws/jobs/{job_id}") as one,
            socket(elsewhere, "/ws/jobs") as many,
            socket(admin, "/ws/jobs") as of_admin,
            following(elsewhere, f"/jobs/{job_id}/events") as events,
            following(user, "/events") as all_events,
        ):
            await frames_until(one, "queued")
            admin.patch(f"/users/{account_id(user)}", json={"is_active": False}).raise_for_status()

            assert await close_code(one) == 4401
            assert await close_code(many) == 4401
            async with asyncio.timeout(ENDS_WITHIN_S + SLACK_S):
                await events
                await all_events
            # The others go on.
            await story.start(job_id)
            await frames_until(of_admin, "processing")


async def test_a_former_admin_sees_what_belongs_to_others_no_more(
    user: httpx.Client, admin: httpx.Client, second: httpx.Client, other_url: str, story: Storyteller
) -> None:
    foreign, own = submit(user), submit(second)
    async with (
        socket(second, "/ws/jobs") as everything,
        socket(second, f"/ws/jobs/{foreign}") as of_another,
        socket(second, f"/ws/jobs/{own}") as of_own,
        following(second, "/events") as events,
    ):
        await frames_until(of_another, "queued")
        await frames_until(of_own, "queued")
        admin.patch(f"/users/{account_id(second)}", json={"role": "user"}).raise_for_status()

        for stream in (everything, of_another, of_own):
            assert await close_code(stream) == 4401
        async with asyncio.timeout(ENDS_WITHIN_S + SLACK_S):
            await events
    # What they logged in with is of before as well.
    assert second.get("/users/me").status_code == 401
    with log_in(other_url, SECOND) as again:
        async with socket(again, f"/ws/jobs/{foreign}") as of_another:
            assert await close_code(of_another) == 4403
        # One's own is all that a new stream shows.
        async with socket(again, "/ws/jobs") as narrower:
            for job_id in (foreign, own):
                await story.start(job_id)
            seen = asyncio.create_task(frames_until(narrower, "progress"))
            while not seen.done():
                await story.progress(foreign, 0.5, owner_id=account_id(user))
                await story.progress(own, 0.5, owner_id=account_id(again))
                await asyncio.wait({seen}, timeout=0.1)
            assert {frame["job_id"] for frame in await seen} == {own}


async def test_an_admin_who_stays_one_keeps_streams(admin: httpx.Client, user: httpx.Client) -> None:
    foreign = submit(user)
    async with socket(admin, f"/ws/jobs/{foreign}") as connection:
        await frames_until(connection, "queued")
        admin.patch(f"/users/{account_id(user)}", json={"max_running": 3}).raise_for_status()
        # Longer than two looks at the accounts.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S):
                await connection.recv()
    assert ADMIN["username"] == admin.get("/users/me").json()["email"]
    assert websockets.State.CLOSED is connection.state
