"""What attempts write: brought by their workers, and their jobs' from the moment these complete."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.grants import Grants
from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.settings import FileSettings, OperationSettings
from satellite.contracts.attempt_files import (
    ARTIFACTS_MAX,
    RESULT_NAME,
    artifacts_path,
)
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import OutcomeStatus
from tests.integration.files.attempt_worker import CONTENT, Worker
from tests.integration.files.conftest import stored
from tests.integration.operation_server_api.conftest import MANIFEST, adder, find_uid, set_job

__all__ = ["adder"]

UNDER_WAY = "status = 'processing', dispatched_at = now(), attempt = 2"


@pytest.fixture
def grants(settings: OperationSettings) -> Grants:
    return Grants(settings.auth.secret_key)


@pytest.fixture
async def key(user: httpx.AsyncClient, engine: AsyncEngine, adder: Any) -> AttemptKey:
    """The second attempt of a job, under way."""
    job_id = (await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})).json()["id"]
    await set_job(engine, job_id, UNDER_WAY)
    return AttemptKey(job_id, 2, await find_uid(engine, job_id))


@pytest.fixture
def sweeper(engine: AsyncEngine, file_settings: FileSettings) -> FileSweeper:
    storage = FileStorage.of(file_settings)
    assert storage is not None
    return FileSweeper(engine, storage)


@pytest.fixture
def worker(stranger: httpx.AsyncClient, grants: Grants, engine: AsyncEngine) -> Worker:
    return Worker(stranger, grants, engine)


async def names(client: httpx.AsyncClient, key: AttemptKey) -> list[str]:
    answer = await client.get(f"/jobs/{key.job_id}/artifacts")
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["items"])
    return [item["name"] for item in answer.json()["items"]]


class TestComplete:
    async def test_they_are_the_jobs_once_it_has_completed(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = [await worker.bring(key, "rows.csv"), await worker.bring(key, "a/Bild 'ü' 100%.png", b"")]
        assert await names(user, key) == []
        assert (await user.get("/files")).json()["total"] == 0
        assert await worker.report(key, *brought) == 1

        assert await names(user, key) == ["a/Bild 'ü' 100%.png", "rows.csv"]
        job = (await user.get(f"/jobs/{key.job_id}")).json()
        assert (job["status"], job["artifacts"]) == ("completed", 2)
        item = (await user.get(f"/jobs/{key.job_id}/artifacts")).json()["items"][1]
        assert item | {"expires_at": None} == {
            "name": "rows.csv",
            "file_id": brought[0].file_id,
            "media_type": "text/csv",
            "size_bytes": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "expires_at": None,
        }

    async def test_they_are_read_by_their_name_and_as_files(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = await worker.bring(key, "a/ü 100%.csv")
        await worker.report(key, brought)
        path = f"/jobs/{key.job_id}/artifacts/a/%C3%BC 100%25.csv"

        whole = await user.get(path)
        assert (whole.status_code, whole.content) == (200, CONTENT)
        assert "filename*=UTF-8''%C3%BC%20100%25.csv" in whole.headers["content-disposition"]
        part = await user.get(path, headers={"Range": "bytes=4-"})
        assert (part.status_code, part.content) == (206, CONTENT[4:])
        assert (await user.get(f"/files/{brought.file_id}")).content == CONTENT
        assert (await user.get(f"/jobs/{key.job_id}/artifacts/none")).json()["code"] == "artifact_not_found"

    async def test_nobody_else_sees_them(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought)

        for path in (f"/jobs/{key.job_id}/artifacts", f"/jobs/{key.job_id}/artifacts/rows.csv"):
            assert (await other.get(path)).status_code == 403
        assert (await other.get(f"/files/{brought.file_id}")).status_code == 404
        assert (await user.get("/jobs/999/artifacts")).status_code == 404

    async def test_a_deleted_file_is_none_any_more(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey, folder: Path
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought)

        assert (await user.delete(f"/files/{brought.file_id}")).status_code == 204
        assert await names(user, key) == stored(folder) == []

    async def test_one_is_the_input_of_the_next_job(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought)
        schema = {"properties": {"table": {"format": "satellite-file"}}}
        await user.post("/plugins", json=MANIFEST | {"name": "reader", "input_schema": schema})

        job = {"plugin_name": "reader", "input_data": {"table": {"$file": brought.file_id}}}
        assert (await user.post("/jobs", json=job)).status_code == 202


class TestAgain:
    async def test_the_same_again_is_stored_once_and_something_else_takes_its_place(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey, folder: Path, sweeper: FileSweeper
    ) -> None:
        first = await worker.bring(key, "rows.csv")
        assert await worker.bring(key, "rows.csv") == first
        last = await worker.bring(key, "rows.csv", b"other")

        assert last.file_id != first.file_id
        assert await sweeper.sweep() == 1
        assert stored(folder) == [last.file_id]
        assert await worker.report(key, last) == 1
        assert await worker.report(key, last) == 0
        assert await names(user, key) == ["rows.csv"]

    @pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"file_id": "other"}, {"name": "other"}])
    async def test_an_outcome_whose_artifacts_are_not_there_is_tried_again(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey, wrong: dict[str, str]
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought, brought.model_copy(update=wrong))

        job = (await user.get(f"/jobs/{key.job_id}")).json()
        assert (job["status"], job["attempt"], job["artifacts"]) == ("queued", 2, 0)
        assert "not stored any more" in job["error_message"]

    @pytest.mark.parametrize(
        "ended",
        [
            "status = 'queued', dispatched_at = now(), attempt = 3",
            "status = 'queued', dispatched_at = NULL",
            "status = 'failed', completed_at = now()",
        ],
    )
    async def test_those_of_an_attempt_that_came_to_nothing_go(
        self, *, worker: Worker, key: AttemptKey, engine: AsyncEngine, folder: Path, sweeper: FileSweeper,
        ended: str,
    ) -> None:  # fmt: skip
        await worker.bring(key, "rows.csv")
        assert await sweeper.sweep() == 0
        await set_job(engine, key.job_id, ended)

        assert (await worker.put(key, "rows.csv", b"late")).json()["code"] == "attempt_over"
        assert await sweeper.sweep() == 1
        assert stored(folder) == []

    async def test_what_an_attempt_brings_before_its_dispatch_is_committed_stays(
        self, worker: Worker, key: AttemptKey, engine: AsyncEngine, sweeper: FileSweeper
    ) -> None:
        await set_job(engine, key.job_id, "status = 'queued', dispatched_at = NULL, attempt = 1")
        brought = await worker.bring(key, "rows.csv")

        assert await sweeper.sweep() == 0
        await set_job(engine, key.job_id, UNDER_WAY)
        assert await worker.report(key, brought) == 1

    async def test_those_of_a_failure_go(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey, sweeper: FileSweeper
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought, status=OutcomeStatus.FAILED, result_json=None)

        assert await names(user, key) == []
        assert await sweeper.sweep() == 1


class TestRefused:
    async def test_nothing_without_a_grant_for_it(
        self, worker: Worker, user: httpx.AsyncClient, grants: Grants, key: AttemptKey
    ) -> None:
        path = artifacts_path(key)
        for grant in (
            "x",
            grants.sign("GET", path, ttl_s=60),
            grants.sign("PUT", artifacts_path(key._replace(attempt=3)), ttl_s=60),
            grants.sign("PUT", path, ttl_s=-5),
        ):
            answer = await worker.put(key, "rows.csv", grant=grant)
            assert (answer.status_code, answer.json()["code"]) == (401, "grant_refused")
        assert (await user.put(f"http://satellite{path}/rows.csv", content=b"")).status_code == 401

    @pytest.mark.parametrize("name", ["a/../b", "a//b", "a\x01b", "a\\b", "/a", "a/", "..", "a/."])
    async def test_names_that_are_no_paths(self, worker: Worker, key: AttemptKey, name: str) -> None:
        grant = worker._grants.sign("PUT", artifacts_path(key), ttl_s=60)
        quoted = "".join(f"%{byte:02X}" for byte in name.encode())
        answer = await worker._stranger.put(
            f"http://satellite{artifacts_path(key)}/{quoted}", params={"grant": grant}, content=b""
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "artifact_name_refused")

    async def test_other_bytes_than_were_stated(
        self, worker: Worker, key: AttemptKey, folder: Path, engine: AsyncEngine
    ) -> None:
        answer = await worker.put(key, "rows.csv", stated=b"other")

        assert (answer.status_code, answer.json()["code"]) == (400, "digest_mismatch")
        assert stored(folder) == []
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM files")) == 0

    async def test_more_than_the_owner_may_store_whoever_brings_it(
        self, worker: Worker, admin: httpx.AsyncClient, user: httpx.AsyncClient, key: AttemptKey
    ) -> None:
        owner_id = (await user.get("/users/me")).json()["id"]
        await admin.put(f"/users/{owner_id}/limits", json={"stored_bytes": 20})
        answers = await asyncio.gather(*(worker.put(key, name, b"x" * 15) for name in ("a", "b")))

        assert sorted(answer.status_code for answer in answers) == [200, 413]
        refused = max(answers, key=lambda answer: answer.status_code)
        assert refused.json()["code"] == "storage_quota_reached"

    async def test_more_of_them_than_an_outcome_names(
        self, worker: Worker, key: AttemptKey, engine: AsyncEngine
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE artifacts DROP CONSTRAINT uq_artifacts_file_id"))
            await connection.execute(
                text(
                    "INSERT INTO artifacts SELECT :job_id, 2, 'x' || n, :file_id "
                    "FROM generate_series(2, :most) AS n"
                ),
                {"job_id": key.job_id, "file_id": brought.file_id, "most": ARTIFACTS_MAX},
            )
        answer = await worker.put(key, "one more")

        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_artifacts")


class TestLargeResult:
    async def test_the_job_and_its_event_say_where_it_is_and_how_it_begins(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = await worker.bring(key, RESULT_NAME, b'{"rows": []}')
        await worker.report(key, brought, result_json=None, result_preview='{"rows"')

        job = (await user.get(f"/jobs/{key.job_id}")).json()
        told = brought.model_dump() | {"preview": '{"rows"'}
        assert (job["status"], job["result"], job["result_artifact"]) == ("completed", None, told)
        last = (await user.get(f"/jobs/{key.job_id}/events")).json()["items"][-1]
        assert (last["data"]["result"], last["data"]["result_artifact"]) == (None, told)

    async def test_one_that_was_not_brought_is_none(
        self, user: httpx.AsyncClient, worker: Worker, key: AttemptKey
    ) -> None:
        brought = await worker.bring(key, "rows.csv")
        await worker.report(key, brought, result_json=None, result_preview='{"rows"')

        job = (await user.get(f"/jobs/{key.job_id}")).json()
        assert (job["status"], job["error"]["kind"], job["result_artifact"]) == ("failed", "output", None)
