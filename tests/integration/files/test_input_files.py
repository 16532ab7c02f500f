"""Files among the inputs of jobs: found at every door, and there as long as a job needs them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.settings import FileSettings
from tests.integration.files.conftest import stored
from tests.integration.operation_server_api.conftest import MANIFEST, adder, set_job

__all__ = ["adder"]

SCHEMA = {
    "type": "object",
    "properties": {
        "table": {"type": "string", "format": "satellite-file"},
        "more": {"type": "array", "items": {"format": "satellite-file"}},
    },
}
CONTENT = b"n,name\n1,one\n"


@pytest.fixture(autouse=True)
async def reader(user: httpx.AsyncClient) -> str:
    """A plugin that takes files."""
    answer = await user.post("/plugins", json=MANIFEST | {"name": "reader", "input_schema": SCHEMA})
    assert answer.status_code == 201, answer.text
    return "reader"


async def upload(client: httpx.AsyncClient, content: bytes = CONTENT) -> str:
    file_id: str = (await client.post("/files", params={"name": "rows.csv"}, content=content)).json()["id"]
    return file_id


def job_of(*files: str, **fields: Any) -> dict[str, Any]:
    table, *more = ({"$file": file_id} for file_id in files)
    return {"plugin_name": "reader", "input_data": {"table": table, "more": more}, **fields}


async def submit(client: httpx.AsyncClient, *files: str, **fields: Any) -> int:
    answer = await client.post("/jobs", json=job_of(*files, **fields))
    assert answer.status_code == 202, answer.text
    job_id: int = answer.json()["id"]
    return job_id


async def rows(engine: AsyncEngine, query: str) -> list[Any]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] == "input_files_missing"
    return [error["pointer"] for error in answer.json()["errors"]]


class TestSubmit:
    async def test_a_job_keeps_what_is_known_of_its_files(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        one, two = await upload(user), await upload(user, b"")
        job_id = await submit(user, one, two, one)

        [[known]] = await rows(engine, f"SELECT input_files FROM jobs WHERE id = {job_id}")
        assert [(file["id"], file["pointers"], file["size_bytes"]) for file in known] == [
            (one, ["/table", "/more/1"], len(CONTENT)),
            (two, ["/more/0"], 0),
        ]
        assert (await user.get(f"/jobs/{job_id}")).json()["input_data"] == job_of(one, two, one)["input_data"]

    async def test_a_file_that_is_missing_or_foreign_is_named_at_each_place(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        own, foreign = await upload(user), await upload(other)

        assert pointers(await user.post("/jobs", json=job_of(own, "none", foreign, foreign))) == [
            "/input_data/more/0",
            "/input_data/more/1",
            "/input_data/more/2",
        ]
        batch = {"jobs": [job_of(own), job_of(own, foreign), job_of("none")]}
        assert pointers(await user.post("/jobs/batch", json=batch)) == [
            "/jobs/1/input_data/more/0",
            "/jobs/2/input_data/table",
        ]
        assert await rows(engine, "SELECT id FROM jobs") == []

    async def test_one_that_is_not_complete_is_not_there(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        upload = await user.post("/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "3"})
        file_id = upload.headers["location"].rpartition("/")[2]

        assert pointers(await user.post("/jobs", json=job_of(file_id))) == ["/input_data/table"]

    async def test_what_is_no_reference_breaks_the_schema(self, user: httpx.AsyncClient) -> None:
        for value in ("/etc/passwd", {"$file": 1}, {"$file": "a", "more": 1}):
            answer = await user.post("/jobs", json={"plugin_name": "reader", "input_data": {"table": value}})
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["pointer"].startswith("/input_data/table")

    async def test_to_a_plugin_without_files_it_is_an_object_like_any_other(
        self, user: httpx.AsyncClient, engine: AsyncEngine, adder: Any
    ) -> None:
        job = {"plugin_name": "adder", "input_data": {"n": 1, "table": {"$file": "none"}}}

        assert (await user.post("/jobs", json=job)).status_code == 202
        assert await rows(engine, "SELECT input_files FROM jobs") == [(None,)]

    async def test_an_admin_may_use_anybodys(self, user: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        await submit(admin, await upload(user))

    async def test_a_batch_holds_them_all(self, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        file_id = await upload(user)
        jobs = [job_of(file_id, idempotency_key="a"), job_of(file_id), job_of(file_id, idempotency_key="a")]

        for _ in range(2):
            assert (await user.post("/jobs/batch", json={"jobs": jobs[:1]})).status_code == 202
        assert (await user.post("/jobs/batch", json={"jobs": jobs})).status_code == 202
        assert await rows(engine, "SELECT file_id FROM file_uses") == [(file_id,)] * 2

    async def test_more_files_than_travel_in_a_message_are_refused(self, user: httpx.AsyncClient) -> None:
        answer = await user.post("/jobs", json=job_of(*(f"f{number}" for number in range(101))))

        assert answer.status_code == 400
        assert "at most 100" in answer.json()["detail"]

    async def test_a_server_that_wants_files_is_not_registered(self, user: httpx.AsyncClient) -> None:
        manifest = MANIFEST | {"name": "server", "mode": "server", "input_schema": SCHEMA}
        answer = await user.post("/plugins", json=manifest)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/input_schema"


class TestInUse:
    async def test_it_is_deleted_once_no_job_needs_it(
        self, user: httpx.AsyncClient, engine: AsyncEngine, folder: Path
    ) -> None:
        file_id = await upload(user)
        job_id = await submit(user, file_id)

        refusal = await user.delete(f"/files/{file_id}")
        assert (refusal.status_code, refusal.json()["code"]) == (409, "file_in_use")
        assert f"Job {job_id} " in refusal.json()["detail"]
        assert (await user.post(f"/jobs/{job_id}/cancel")).status_code == 202
        assert (await user.delete(f"/files/{file_id}")).status_code == 204
        assert stored(folder) == []

    async def test_nor_does_it_end_with_its_time(
        self, user: httpx.AsyncClient, engine: AsyncEngine, file_settings: FileSettings, folder: Path
    ) -> None:
        file_id = await upload(user)
        job_id = await submit(user, file_id)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE files SET expires_at = now() - interval '1 day'"))
        storage = FileStorage.of(file_settings)
        assert storage is not None
        sweeper = FileSweeper(engine, storage)

        assert await sweeper.sweep() == 0
        assert stored(folder) == [file_id]
        await set_job(engine, job_id, "status = 'completed', completed_at = now()")
        assert await sweeper.sweep() == 1

    async def test_of_a_job_and_a_deletion_at_once_one_wins(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        for _ in range(10):
            file_id = await upload(user)
            job, deletion = await asyncio.gather(
                user.post("/jobs", json=job_of(file_id)), user.delete(f"/files/{file_id}")
            )
            assert (job.status_code, deletion.status_code) in {(202, 409), (404, 204)}


class TestAgain:
    async def test_a_retry_needs_its_files(self, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        file_id = await upload(user)
        job_id = await submit(user, file_id)
        await user.post(f"/jobs/{job_id}/cancel")

        assert (await user.post(f"/jobs/{job_id}/retry")).status_code == 202
        assert (await user.delete(f"/files/{file_id}")).status_code == 409
        await user.post(f"/jobs/{job_id}/cancel")
        assert (await user.delete(f"/files/{file_id}")).status_code == 204
        assert pointers(await user.post(f"/jobs/{job_id}/retry")) == ["/input_data/table"]

    async def test_so_does_a_replay(self, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        file_id = await upload(user)
        gone, there = await submit(user, file_id), await submit(user, await upload(user))
        for job_id in (gone, there):
            await set_job(engine, job_id, "status = 'failed', completed_at = now()")
        assert (await user.delete(f"/files/{file_id}")).status_code == 204

        alone = await user.post(f"/dead-letters/{gone}/replay", json={})
        assert alone.status_code == 400
        assert alone.json()["errors"][0]["pointer"] == "/input_data/table"
        done = (await user.post("/dead-letters/replay", json={})).json()
        assert (done["replayed"], done["unfit"]) == (1, 1)
        assert done["unfit_jobs"][0]["job_id"] == gone

    async def test_by_a_version_that_takes_no_files_nothing_is_replayed(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        job_id = await submit(user, await upload(user))
        await set_job(engine, job_id, "status = 'failed', completed_at = now()")
        manifest = MANIFEST | {"name": "reader", "version": "2.0.0", "input_schema": {}}
        assert (await user.post("/plugins", json=manifest)).status_code == 201

        answer = await user.post(f"/dead-letters/{job_id}/replay", json={"plugin_version": "2.0.0"})
        assert answer.status_code == 400
        assert "other files" in answer.json()["detail"]
