"""What was stored is told, whatever goes wrong in telling it, and no row takes its list along."""

from __future__ import annotations

import json

import httpx
import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.service import JobService
from operation_server.jobs.submission import service
from operation_server.models import JobAttempt, Plugin
from tests.integration.operation_server_api.conftest import MANIFEST, set_job

ANYTHING = MANIFEST | {"name": "anything", "input_schema": {}, "output_schema": {}}


@pytest.fixture(autouse=True)
async def anything(user: httpx.AsyncClient) -> None:
    """A plugin that takes any input."""
    assert (await user.post("/plugins", json=ANYTHING)).status_code == 201


class TestFailureAfterTheCommit:
    async def test_a_job_that_cannot_be_shown_is_accepted(
        self, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("cannot be shown")

        monkeypatch.setattr(service, "submitted_document", fail)
        answer = await user.post("/jobs", json={"plugin_name": "anything", "input_data": 1})

        assert answer.status_code == 202
        assert answer.json() == {"id": answer.json()["id"], "status": "queued"}
        stored = await user.get(answer.headers["location"].removeprefix("/api/v1"))
        assert stored.json()["input_data"] == 1

    async def test_a_job_that_cannot_be_waited_for_is_accepted(
        self, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise OSError("the database went away")

        monkeypatch.setattr(JobService, "get", fail)
        answer = await user.post(
            "/jobs", json={"plugin_name": "anything", "input_data": 1}, headers={"Prefer": "wait=1"}
        )

        assert (answer.status_code, answer.json()["status"]) == (202, "queued")


class TestRowsThatNobodyCouldShow:
    """What another release, or somebody by hand, has left in the database takes no list along."""

    async def test_jobs_events_and_dead_letters(self, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        body = {"plugin_name": "anything", "input_data": 1}
        odd, even = [(await user.post("/jobs", json=body)).json()["id"] for _ in range(2)]
        deep, error = "[" * 1_500 + "]" * 1_500, {"kind": "exit", "message": "no", "exit_code": 2**70}
        await set_job(
            engine, odd,
            f"status = 'failed', input_data = '{deep}', result = '[1e999]', completed_at = now(),"
            f" error = '{json.dumps(error)}', error_fingerprint = 'f'",
        )  # fmt: skip
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE job_events SET data = '{deep}' WHERE job_id = {odd}"))
            await connection.execute(
                insert(JobAttempt), [{"job_id": odd, "attempt": 1, "outcome": "failed", "error": error}]
            )

        for path in (
            f"/jobs/{odd}", "/jobs", f"/jobs/{odd}/events", "/dead-letters", "/dead-letters/groups",
            f"/jobs/{odd}/attempts", f"/jobs/{odd}/explain", f"/jobs/{odd}/timeline",
        ):  # fmt: skip
            answer = await user.get(path)
            assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
        assert deep in (await user.get(f"/jobs/{odd}")).text
        assert deep in (await user.get(f"/jobs/{odd}/events")).text
        assert f'"id" : {even}' in (await user.get("/jobs")).text
        assert str(2**70) in (await user.get(f"/jobs/{odd}/attempts")).text
        assert (await user.post(f"/dead-letters/{odd}/replay")).status_code == 202

    async def test_plugins(self, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            older = (
                update(Plugin).where(Plugin.name == "anything").values(manifest={**ANYTHING, "mode": "magic"})
            )
            await connection.execute(older)
        await user.post("/plugins", json=MANIFEST)

        listed = (await user.get("/plugins")).json()
        submitted = await user.post("/jobs", json={"plugin_name": "anything", "input_data": 1})

        assert [(item["name"], bool(item["unreadable"])) for item in listed["items"]] == [
            ("adder", False), ("anything", True),
        ]  # fmt: skip
        assert "mode" in listed["items"][1]["unreadable"]
        assert (await user.get("/plugins/anything")).status_code == 200
        assert (submitted.status_code, submitted.json()["code"]) == (409, "plugin_unreadable")
