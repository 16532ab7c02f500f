"""WebSockets of a real API process: what is told, to whom, and what a client that comes back misses."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import redis
import websockets
from websockets.typing import Data

from operation_server.limits.rates import CREDIT_SHARE, WINDOW_S
from operation_server.live.subscription import QUEUE_LENGTH
from operation_server.main import MAX_CLIENT_MESSAGE_BYTES
from tests.fixtures.api import log_in, running_api
from tests.integration.live.conftest import Storyteller, frames_until, socket, submit, told


class TestOneJob:
    async def test_the_whole_story(self, user: httpx.Client, story: Storyteller) -> None:
        job_id = submit(user)
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            frames = await frames_until(connection, "queued")
            await story.start(job_id)
            frames += await frames_until(connection, "processing")
            await story.progress(job_id, 0.5, owner_id=2)
            frames += await frames_until(connection, "progress")
            await story.complete(job_id)
            frames += await frames_until(connection, "result")

        assert told(frames) == ["queued", "processing", "0.5", "completed", "result"]
        assert {frame["job_id"] for frame in frames} == {job_id}
        assert len({frame["cursor"] for frame in frames}) == len(frames)
        assert frames[-1]["data"]["result"] == {"sum": 2}

    async def test_told_from_the_start_after_its_end(self, user: httpx.Client, story: Storyteller) -> None:
        job_id = submit(user)
        await story.start(job_id)
        await story.complete(job_id)

        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            assert told(await frames_until(connection, "result")) == [
                "queued",
                "processing",
                "completed",
                "result",
            ]

    @pytest.mark.parametrize("flushed", [False, True], ids=["stream kept", "stream lost"])
    async def test_nothing_missed_and_nothing_twice_after_a_reconnect(
        self, user: httpx.Client, story: Storyteller, redis_url: str, flushed: bool
    ) -> None:
        job_id = submit(user)
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            await story.start(job_id)
            before = await frames_until(connection, "processing")
        await story.complete(job_id)
        if flushed:
            with redis.Redis.from_url(redis_url) as client:
                client.flushall()

        async with socket(user, f"/ws/jobs/{job_id}", after=before[-1]["cursor"]) as connection:
            after = await frames_until(connection, "result")

        assert told(before + after) == ["queued", "processing", "completed", "result"]

    async def test_each_cursor_resumes_behind_its_frame(self, user: httpx.Client, story: Storyteller) -> None:
        job_id = submit(user)
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            await story.start(job_id)
            await frames_until(connection, "processing")
            await story.progress(job_id, 0.5, owner_id=2)
            await story.complete(job_id)
            await frames_until(connection, "result")
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            whole = await frames_until(connection, "result")

        for index, frame in enumerate(whole[:-1]):
            async with socket(user, f"/ws/jobs/{job_id}", after=frame["cursor"]) as connection:
                rest = await frames_until(connection, "result")
            assert [each["data"] for each in rest] == [each["data"] for each in whole[index + 1 :]]

    async def test_nothing_is_told_of_the_job_that_had_its_number_before_a_recovery(
        self, user: httpx.Client, story: Storyteller
    ) -> None:
        job_id = submit(user)
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            before = await frames_until(connection, "queued")
            await story.progress(job_id, 0.25, owner_id=1, uid=uuid4())
            await story.progress(job_id, 0.5, owner_id=2)
            present = await frames_until(connection, "progress")
        async with socket(user, f"/ws/jobs/{job_id}", after=before[-1]["cursor"]) as connection:
            from_stream = await frames_until(connection, "progress")
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            await story.progress(job_id, 0.75, owner_id=1, uid=uuid4())
            from_memory = await frames_until(connection, "progress")

        assert [told(each)[-1] for each in (present, from_stream, from_memory)] == ["0.5", "0.5", "0.5"]


class TestAllJobs:
    async def test_users_see_their_own_and_admins_all(
        self, user: httpx.Client, admin: httpx.Client, story: Storyteller
    ) -> None:
        async with socket(user, "/ws/jobs") as mine, socket(admin, "/ws/jobs") as everything:
            # A socket that is open is not subscribed yet; progress is told until both have seen some.
            own, foreign = submit(user), submit(admin)
            for connection in (mine, everything):
                seen = asyncio.create_task(frames_until(connection, "progress"))
                while not seen.done():
                    await story.progress(own, 0.1, owner_id=2)
                    await asyncio.wait({seen}, timeout=0.1)
            await story.start(foreign)
            await story.start(own)
            of_user = await frames_until(mine, "processing")
            of_admin = await frames_until(everything, "processing")

        assert {frame["job_id"] for frame in of_user} == {own}
        assert of_admin[-1]["job_id"] == foreign

    async def test_a_burst_reaches_everybody_in_order(self, admin: httpx.Client, story: Storyteller) -> None:
        """More events at once than a client's queue holds, to clients that keep up."""
        job_id = submit(admin)
        async with contextlib.AsyncExitStack() as stack:
            connections = [
                await stack.enter_async_context(socket(admin, f"/ws/jobs/{job_id}")) for _ in range(5)
            ]
            for connection in connections:
                await frames_until(connection, "queued")
            lines = [str(number) for number in range(2 * QUEUE_LENGTH)]
            await story.log_at_once(job_id, lines)
            await story.progress(job_id, 1)
            for connection in connections:
                *frames, _ = await frames_until(connection, "progress")
                assert [frame["data"]["lines"] for frame in frames] == [[line] for line in lines]

    async def test_a_cursor_survives_a_restart_of_the_api(
        self, database_url: str, redis_url: str, story: Storyteller, api_url: str, admin: httpx.Client
    ) -> None:
        first = submit(admin)
        async with socket(admin, f"/ws/jobs/{first}") as connection:
            cursor = (await frames_until(connection, "queued"))[-1]["cursor"]
        await story.start(first)
        second = submit(admin)

        with (
            running_api(database_url=database_url, redis_url=redis_url) as url,
            log_in(url) as client,
        ):
            await story.complete(first)
            async with socket(client, "/ws/jobs", after=cursor) as connection:
                frames = await frames_until(connection, "result")

        seen = [(frame["job_id"], what) for frame, what in zip(frames, told(frames), strict=True)]
        assert sorted(seen) == sorted(
            [
                (first, "processing"),
                (second, "queued"),
                (first, "completed"),
                (first, "result"),
            ]
        )


class TestRefused:
    async def test_close_codes_say_why(self, user: httpx.Client, admin: httpx.Client, api_url: str) -> None:
        foreign = submit(admin)
        ws_url = api_url.replace("http", "ws") + "/api/v1/ws"
        token = user.headers["authorization"].removeprefix("Bearer ")

        assert await close_code(f"{ws_url}/jobs") == 4401
        assert await close_code(f"{ws_url}/jobs?ticket={token}") == 4401
        assert await close_code(f"{ws_url}/jobs/{foreign}", token=token) == 4403
        assert await close_code(f"{ws_url}/jobs/999", token=token) == 4404
        assert await close_code(f"{ws_url}/jobs?after=nonsense", token=token) == 4400
        (told,) = admin.get("/audit", params={"is_refused": True}).json()["items"]
        assert (told["actor"], told["object_id"]) == (
            "ada@example.com",
            f"WEBSOCKET /api/v1/ws/jobs/{foreign}",
        )

    async def test_one_too_many_is_told_so(
        self, user: httpx.Client, admin: httpx.Client, api_url: str
    ) -> None:
        me = user.get("/users/me").json()["id"]
        admin.put(f"/users/{me}/limits", json={"requests_per_minute": 1}).raise_for_status()
        # What was taken ahead at the former rate is paid off first.
        await asyncio.sleep(2 * WINDOW_S / CREDIT_SHARE)
        address = api_url.replace("http", "ws") + "/api/v1/ws/jobs/999"
        token = user.headers["authorization"].removeprefix("Bearer ")

        assert [await close_code(address, token=token) for _ in range(2)] == [4404, 4429]


class TestWhatClientsSend:
    async def test_text_is_ignored_whatever_it_is(self, user: httpx.Client, story: Storyteller) -> None:
        job_id = submit(user)
        async with socket(user, f"/ws/jobs/{job_id}") as connection:
            for text in ("ping", '{"half": ', '{"type": "subscribe"}', ""):
                await connection.send(text)
            await (await connection.ping())
            await story.start(job_id)
            assert told(await frames_until(connection, "processing")) == ["queued", "processing"]

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            (b"\x00\x01", 1003),
            ([b"in", b"parts"], 1003),
            ("x" * (MAX_CLIENT_MESSAGE_BYTES + 1), 1009),
            (["x" * MAX_CLIENT_MESSAGE_BYTES, "x"], 1009),
        ],
        ids=["binary", "binary in fragments", "too long", "too long in fragments"],
    )
    async def test_what_is_not_understood_closes_with_a_code(
        self, user: httpx.Client, message: Data | list[Data], code: int
    ) -> None:
        async with socket(user, "/ws/jobs") as connection:
            with contextlib.suppress(websockets.ConnectionClosed):
                await connection.send(message)
            await connection.wait_closed()

        assert connection.close_code == code
        assert connection.close_reason

    async def test_text_that_is_no_utf8_closes_with_a_code_and_without_a_traceback(
        self, database_url: str, redis_url: str, tmp_path: Path
    ) -> None:
        log = tmp_path / "api.log"
        with (
            running_api(database_url=database_url, redis_url=redis_url, log=log) as url,
            log_in(url) as client,
        ):
            for message in (b"\xff\xfe", [b"\xc3", b"\x28"]):
                async with socket(client, "/ws/jobs") as connection:
                    await connection.send(message, text=True)
                    await connection.wait_closed()
                assert connection.close_code == 1007
            async with socket(client, "/ws/jobs") as connection:
                await connection.send(b"binary")
                await connection.wait_closed()

        assert "Traceback" not in log.read_text()

    async def test_a_client_that_only_stops_writing_is_let_go(self, user: httpx.Client) -> None:
        async with socket(user, "/ws/jobs") as connection:
            connection.transport.write_eof()
            async with asyncio.timeout(60):
                await connection.wait_closed()


async def close_code(url: str, *, token: str | None = None) -> int | None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(url, additional_headers=headers, open_timeout=60) as connection:
        await connection.wait_closed()
        return connection.close_code
