"""The log of a run is told while its steps run: what was, then each line, and nothing of other jobs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from satellite.client import LogLines
from satellite.contracts.event import EventSubject, EventType, StreamEntry
from tests.fixtures.clients import ClientKind, opened
from tests.integration.live.conftest import Storyteller, submit
from tests.integration.live.test_server_sent_events import ACCEPT, asynchronous, messages

BEGIN = text("""
    WITH w AS (
        INSERT INTO workflows (owner_id, name, description, is_active, params, settings)
        VALUES (1, 'lines', '', true, '{}', '{}') RETURNING id
    ), v AS (
        INSERT INTO workflow_versions (workflow_id, version, definition, pins, digest, deployed_by)
        SELECT id, 1, '{"name": "lines", "tasks": []}', '{}', '', 1 FROM w RETURNING id, workflow_id
    )
    INSERT INTO workflow_runs (
        workflow_id, version_id, owner_id, status, trigger, params, priority, logical_date,
        data_interval_start, data_interval_end, tasks_left
    )
    SELECT workflow_id, id, 1, 'processing', 'manual', '{}', 0, now(), now(), now(), 2 FROM v
    RETURNING id, uid
""")
STEP = text("""
    INSERT INTO run_steps (run_id, task, map_index, status, job_id)
    VALUES (:run_id, :task, :at, 'submitted', :job_id)
""")
STORE = text("""
    INSERT INTO job_logs (job_id, attempt, text_zlib, total_bytes) VALUES (:job_id, 1, :content, 10)
""")
END = text("""
    WITH ended AS (
        UPDATE workflow_runs SET status = 'completed', completed_at = now() WHERE id = :run_id
    )
    INSERT INTO job_events (job_id, owner_id, type, data, subject)
    VALUES (:run_id, 1, 'result', '{"status": "completed"}', 'run') RETURNING id
""")


@dataclass(frozen=True)
class PlayedRun:
    """A run whose steps do what a test says."""

    engine: AsyncEngine
    story: Storyteller
    client: httpx.Client
    id: int
    uid: Any

    async def step(self, task: str, *, at: int = -1) -> int:
        """Begin a step, and return its job."""
        job_id = submit(self.client)
        await self._do(STEP, run_id=self.id, task=task, at=at, job_id=job_id)
        await self.story.start(job_id)
        return job_id

    async def store(self, job_id: int, *lines: str) -> None:
        """Keep the log of an attempt, as the transition that ends it does."""
        content = zlib.compress("".join(f"{line}\n" for line in lines).encode())
        await self._do(STORE, job_id=job_id, content=content)
        await self.story.complete(job_id)

    async def end(self) -> None:
        async with self.engine.begin() as connection:
            event_id = (await connection.execute(END, {"run_id": self.id})).scalar_one()
        await self.story.publisher.publish(
            [
                StreamEntry(
                    event_id=event_id, subject=EventSubject.RUN, job_id=self.id, uid=self.uid, owner_id=1,
                    type=EventType.RESULT, data=json.dumps({"status": "completed"}), at=datetime.now(UTC),
                )
            ]
        )  # fmt: skip

    async def _do(self, statement: Any, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(statement, values)


@pytest.fixture
async def run(admin: httpx.Client, story: Storyteller, engine: AsyncEngine) -> PlayedRun:
    async with engine.begin() as connection:
        row = (await connection.execute(BEGIN)).one()
    return PlayedRun(engine, story, admin, row.id, row.uid)


@contextlib.asynccontextmanager
async def following(run: PlayedRun) -> AsyncIterator[AsyncIterator[tuple[str, dict[str, Any]]]]:
    """Follow the log of a run."""
    async with (
        asynchronous(run.client) as client,
        client.stream("GET", f"/jobs/{run.id}/logs", headers=ACCEPT, timeout=60) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        yield messages(response)


def shown(frame: dict[str, Any]) -> list[tuple[str, int | None, str]]:
    return [(frame["task"], frame["map_index"], line) for line in frame["data"]["lines"]]


async def lines_of(stream: AsyncIterator[tuple[str, dict[str, Any]]], number: int) -> list[Any]:
    """Return the next lines."""
    found: list[Any] = []
    async for _, frame in stream:
        found += shown(frame)
        if len(found) >= number:
            return found
    raise AssertionError(f"it ended after {found}")


async def test_lines_come_as_they_are_printed_and_none_twice(run: PlayedRun) -> None:
    first = await run.step("first")
    await run.story.log(first, ["one", "two"])
    await run.store(first, "one", "two")
    early = await run.step("each", at=0)
    await run.story.log(early, ["before anybody listened"])
    other = submit(run.client)
    await run.story.log(other, ["of another job"])

    async with following(run) as stream:
        assert await lines_of(stream, 3) == [
            ("first", None, "one"), ("first", None, "two"), ("each", 0, "before anybody listened"),
        ]  # fmt: skip
        late = await run.step("each", at=1)
        await run.story.log(other, ["of another job again"])
        await run.story.log(late, ["ü"])
        await run.story.log(early, ["live"])
        assert await lines_of(stream, 2) == [("each", 1, "ü"), ("each", 0, "live")]
        await run.end()
        rest = [frame async for _, frame in stream]

    assert [(frame["type"], frame["job_id"], frame["data"]) for frame in rest] == [
        ("result", run.id, {"status": "completed"})
    ]


async def test_it_goes_on_after_a_cursor(run: PlayedRun) -> None:
    job_id = await run.step("a")
    await run.story.log(job_id, ["one"])
    async with asynchronous(run.client) as client:
        async with client.stream("GET", f"/jobs/{run.id}/logs", headers=ACCEPT, timeout=60) as response:
            cursor, frame = await anext(messages(response))
            assert shown(frame) == [("a", None, "one")]
        await run.story.log(job_id, ["two"])
        resumed = ACCEPT | {"Last-Event-ID": cursor}
        async with client.stream("GET", f"/jobs/{run.id}/logs", headers=resumed, timeout=60) as response:
            assert await lines_of(messages(response), 1) == [("a", None, "two")]


async def test_of_a_run_that_has_ended_all_is_told_and_the_stream_ends(run: PlayedRun) -> None:
    job_id = await run.step("a")
    await run.story.log(job_id, ["one"])
    await run.store(job_id, "one")
    await run.end()

    async with following(run) as stream:
        frames = [frame async for _, frame in stream]

    assert [frame["type"] for frame in frames] == ["log", "result"]
    assert shown(frames[0]) == [("a", None, "one")]


@pytest.mark.parametrize("kind", ClientKind)
async def test_clients_follow_it(run: PlayedRun, api_url: str, kind: ClientKind) -> None:
    token = str(run.client.headers["Authorization"]).removeprefix("Bearer ")

    def follow() -> list[LogLines]:
        with opened(kind, api_url, token=token) as client:
            return list(client.follow_log(run.id))

    first = await run.step("first")
    await run.story.log(first, ["one", "two"])
    following = asyncio.create_task(asyncio.to_thread(follow))
    each = await run.step("each", at=1)
    await run.story.log(each, ["three"])
    await run.end()

    assert [(told.task, told.map_index, told.lines) for told in await following] == [
        ("first", None, ["one", "two"]),
        ("each", 1, ["three"]),
    ]


def test_others_are_refused_and_a_job_has_its_text(run: PlayedRun, user: httpx.Client) -> None:
    job_id = submit(run.client)

    assert user.get(f"/jobs/{run.id}/logs", headers=ACCEPT).status_code == 403
    assert run.client.get(f"/jobs/{run.id}/logs", headers=ACCEPT, params={"after": "x"}).status_code == 422
    told = run.client.get(f"/jobs/{job_id}/logs", headers=ACCEPT)
    assert (told.status_code, told.headers["content-type"]) == (200, "text/plain; charset=utf-8")
