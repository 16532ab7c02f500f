"""An API process, and a story of a job to tell."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import websockets
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection

from operation_server.jobs.transitions import apply_outcomes, apply_started
from operation_server.live.event_publisher import EventPublisher
from satellite.contracts.event import EventType, StreamEntry
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from tests.fixtures.api import log_in, open_account, running_api
from tests.integration.operation_server_api.conftest import MANIFEST, find_uid, set_job


@pytest.fixture
def api_url(database_url: str, redis_url: str) -> Iterator[str]:
    """The address of a running API process."""
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


@pytest.fixture
def admin(api_url: str) -> Iterator[httpx.Client]:
    """A client logged in as the bootstrap admin, with the plugin `adder` registered."""
    with log_in(api_url) as client:
        client.post("/plugins", json=MANIFEST).raise_for_status()
        yield client


@pytest.fixture
def user(api_url: str, admin: httpx.Client) -> Iterator[httpx.Client]:
    """A client logged in as an ordinary account."""
    credentials = {"username": "ada@example.com", "password": "analytical engine"}
    open_account(admin, credentials)
    with log_in(api_url, credentials) as client:
        yield client


def submit(client: httpx.Client) -> int:
    job_id: int = (
        client.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})
        .raise_for_status()
        .json()["id"]
    )
    return job_id


@dataclass(frozen=True, kw_only=True)
class Storyteller:
    """Does to jobs what the dispatcher, a worker and the results consumer do."""

    engine: AsyncEngine
    publisher: EventPublisher

    async def start(self, job_id: int) -> None:
        await set_job(self.engine, job_id, "attempt = attempt + 1, dispatched_at = now()")
        uid = await find_uid(self.engine, job_id)
        report = StartedReport(job_id=job_id, attempt=1, uid=uid, worker="w", started_at=datetime.now(UTC))
        async with self.engine.begin() as connection:
            entries = await connection.run_sync(apply_started, [report])
        await self.publisher.publish(entries)

    async def progress(
        self, job_id: int, fraction: float, *, owner_id: int = 1, uid: UUID | None = None
    ) -> None:
        """Tell of progress; with `uid` of that of another job, which had this number before a recovery."""
        data = {"attempt": 1, "fraction": fraction, "message": "on it"}
        await self._tell(job_id, owner_id, EventType.PROGRESS, data, uid=uid)

    async def log(self, job_id: int, lines: list[str], *, owner_id: int = 1) -> None:
        await self._tell(job_id, owner_id, EventType.LOG, {"attempt": 1, "lines": lines})

    async def log_at_once(self, job_id: int, lines: list[str]) -> None:
        """Add an event for each line in one go, so that they are read together."""
        uid = await find_uid(self.engine, job_id)
        entries = [
            StreamEntry(
                job_id=job_id, uid=uid, owner_id=1, type=EventType.LOG, at=datetime.now(UTC),
                data=json.dumps({"attempt": 1, "lines": [line]}),
            )
            for line in lines
        ]  # fmt: skip
        await self.publisher.publish(entries)

    async def complete(self, job_id: int, result_json: str = '{"sum": 2}') -> None:
        await self._end(job_id, {"status": "completed", "result_json": result_json})

    async def fail(self, job_id: int) -> None:
        """End it with an error that is not retried."""
        error = {"kind": "output", "message": "exit code 1", "exit_code": 1}
        await self._end(job_id, {"status": "failed", "error": error})

    async def _tell(
        self, job_id: int, owner_id: int, type_: EventType, data: dict[str, Any], *, uid: UUID | None = None
    ) -> None:
        uid = uid or await find_uid(self.engine, job_id)
        at = datetime.now(UTC)
        entry = StreamEntry(
            job_id=job_id, uid=uid, owner_id=owner_id, type=type_, data=json.dumps(data), at=at
        )
        await self.publisher.publish([entry])

    async def _end(self, job_id: int, end: dict[str, Any]) -> None:
        now, uid = datetime.now(UTC), await find_uid(self.engine, job_id)
        attempt = {"job_id": job_id, "attempt": 1, "uid": uid, "worker": "w"}
        outcome = Outcome.model_validate(attempt | {"started_at": now, "finished_at": now} | end)
        async with self.engine.begin() as connection:
            applied = await connection.run_sync(apply_outcomes, [outcome])
        await self.publisher.publish(applied.entries)


@pytest.fixture
async def story(engine: AsyncEngine, redis_url: str) -> AsyncIterator[Storyteller]:
    """Who makes things happen to jobs."""
    redis = Redis.from_url(redis_url)
    publisher = EventPublisher(redis=redis, engine=engine)
    yield Storyteller(engine=engine, publisher=publisher)
    await publisher.aclose()
    await redis.aclose()


@contextlib.asynccontextmanager
async def socket(
    client: httpx.Client, path: str, *, after: str | None = None
) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket with a fresh ticket."""
    ticket = client.post("/auth/ws-ticket").raise_for_status().json()["ticket"]
    url = str(client.base_url).replace("http", "ws", 1).rstrip("/")
    query = f"?ticket={ticket}" + (f"&after={after}" if after else "")
    async with websockets.connect(f"{url}{path}{query}", open_timeout=60) as connection:
        yield connection


async def frames_until(connection: ClientConnection, last: str) -> list[dict[str, Any]]:
    """Return the frames up to the first of the type, or with the status, `last`."""
    frames: list[dict[str, Any]] = []
    async for text in connection:
        frames.append(json.loads(text))
        if last in {frames[-1]["type"], frames[-1]["data"].get("status")}:
            return frames
    raise AssertionError(f"the socket closed before {last}: {frames}")


def told(frames: list[dict[str, Any]]) -> list[str]:
    """Return what frames tell, in short."""
    return [
        frame["data"]["status"]
        if frame["type"] == "status"
        else f"{frame['data']['fraction']:g}"
        if frame["type"] == "progress"
        else frame["type"]
        for frame in frames
    ]
