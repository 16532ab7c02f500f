"""A client that has seen what a recovery took back is told so, and then what is so now."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from operation_server.jobs.transitions import submit_jobs
from satellite.client import SatelliteClient
from satellite.contracts.event import EventType
from tests.fixtures.api import log_in, running_api
from tests.integration.live.conftest import frames_until, socket, submit, told
from tests.integration.transitions.seed import add_plugin, add_user, new_job

LAST, FIRST = 1_000, 1_000_000_000
"""Events of a recovery: the last one that it brought back, and the one after which its own begin."""
TAKEN_BACK = f"1767323045000-0:{LAST + 5}"
STILL_SO = f"1767323045000-0:{LAST}"


@pytest.fixture
def client(database_url: str, redis_url: str, blocking_engine: Engine) -> Iterator[httpx.Client]:
    """An admin of a platform that was recovered, with a job of before."""
    with blocking_engine.begin() as connection:
        owner_id = add_user(connection)
        submit_jobs(connection, [new_job(owner_id, add_plugin(connection, owner_id, "adder"), "adder")])
        connection.exec_driver_sql(
            "INSERT INTO incarnations (number, finished_at, last_event_id, first_event_id)"
            f" VALUES (2, now(), {LAST}, {FIRST})"
        )
        connection.exec_driver_sql(f"SELECT setval('job_events_id_seq', {FIRST})")
    with running_api(database_url=database_url, redis_url=redis_url) as api, log_in(api) as client:
        yield client


async def test_each_way_of_following_begins_with_a_reset(client: httpx.Client) -> None:
    async with socket(client, "/ws/jobs", after=TAKEN_BACK) as mine:
        [reset] = await frames_until(mine, "reset")
        assert (reset["type"], reset["job_id"]) == ("reset", 0)
        assert "recovered from a backup" in reset["data"]["message"]
        submit(client)
        assert told(await frames_until(mine, "queued")) == ["queued"]
    # What it was told to resume at is no reason for another reset.
    async with socket(client, "/ws/jobs", after=reset["cursor"]) as mine:
        assert told(await frames_until(mine, "queued")) == ["queued"]
    async with socket(client, "/ws/jobs/1", after=TAKEN_BACK) as of_job:
        assert told(await frames_until(of_job, "queued")) == ["reset", "queued"]
    async with socket(client, "/ws/jobs", after=STILL_SO) as mine:
        assert told(await frames_until(mine, "queued")) == ["queued"]

    listed = client.get("/jobs/1/events", params={"after": TAKEN_BACK}).json()
    assert [event["type"] for event in listed["items"]] == ["reset", "status"]
    assert listed["total"] == 2
    assert client.get("/jobs/1/events", params={"after": STILL_SO}).json()["items"] == []
    with client.stream(
        "GET", "/jobs/1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": TAKEN_BACK}
    ) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data:"))
        assert '"type":"reset"' in next(lines)
        assert '"status":"queued"' in next(lines)

    token = client.headers["Authorization"].removeprefix("Bearer ")
    with SatelliteClient(str(client.base_url).removesuffix("/api/v1/"), token=token) as own:
        events = own.events(1, after=TAKEN_BACK, timeout_s=30)
        assert [next(events).type, next(events).type] == [EventType.RESET, EventType.STATUS]
        events.close()
