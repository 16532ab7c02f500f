"""Requests to models: which version is asked, what is refused, and what is told of them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.attempt_grants import AttemptGrants, FilesNotGranted
from operation_server.dispatch.publisher import message_body
from operation_server.files.grants import Grants
from operation_server.jobs.transitions import VersionCatalog, select_and_mark
from operation_server.settings import OperationSettings
from satellite.contracts.attempt_files import input_path
from satellite.contracts.job import JobMessage
from tests.integration.operation_server_api.conftest import set_job
from tests.integration.registry.conftest import ONNX, SERVER, SIGNATURE, add_version, upload
from tests.integration.transitions.seed import PLENTY

REQUEST: dict[str, Any] = {"model_name": "doubler", "data": [1, 2]}
COMPLETED = """status = 'completed', result = '{"n": 1}', completed_at = now(), timings = '{"total": 5}'"""


@pytest.fixture
async def versions(user: httpx.AsyncClient, doubler: dict[str, Any]) -> list[dict[str, Any]]:
    """Two versions of the model."""
    return [await add_version(user), await add_version(user, ONNX + b"x")]


async def ask(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/inference/submit", json=REQUEST | fields)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestWhichVersion:
    async def test_it_is_fixed_at_the_submission(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        assert (await ask(user))["model_version"] == 2
        await user.put("/models/doubler/aliases/champion", json={"version": 1})
        await user.put("/models/doubler/aliases/candidate", json={"version": 2})
        asked = {name: await ask(user, model_name=name) for name in (
            "doubler", "doubler@champion", "doubler@candidate", "doubler@2", "doubler@1"
        )}  # fmt: skip
        assert {name: told["model_version"] for name, told in asked.items()} == {
            "doubler": 1, "doubler@champion": 1, "doubler@candidate": 2, "doubler@2": 2, "doubler@1": 1,
        }  # fmt: skip
        await user.put("/models/doubler/aliases/champion", json={"version": 2})
        job_id = asked["doubler"]["job_id"]
        assert (await user.get(f"/inference/status/{job_id}")).json()["model_version"] == 1
        job = (await user.get(f"/jobs/{job_id}")).json()
        assert (job["model"], job["plugin_name"], job["input_data"]) == (
            "doubler@1",
            "loader",
            {"data": [1, 2]},
        )

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("nobody", "model_not_found"),
            ("nobody@champion", "model_not_found"),
            ("doubler@9", "model_version_not_found"),
            ("doubler@rival", "model_alias_not_found"),
            ("Not a name", "model_not_found"),
            ("doubler@0", "model_not_found"),
        ],
    )
    async def test_what_is_not_there_is_404(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]], name: str, wanted: str
    ) -> None:
        answer = await user.post("/inference/submit", json=REQUEST | {"model_name": name})
        assert code(answer) == (404, wanted)

    async def test_a_model_without_a_version_is_404(
        self, user: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        answer = await user.post("/inference/submit", json=REQUEST)
        assert code(answer) == (404, "model_version_not_found")


class TestRequests:
    @pytest.mark.parametrize(
        ("change", "pointers"),
        [
            ({"data": [1, "x"]}, ["/data/1"]),
            ({"data": []}, ["/data"]),
            ({"data": None}, ["/data"]),
            ({"config": {"steps": "many"}}, ["/config/steps"]),
            ({"config": {"stpes": 1}, "data": ["x"]}, ["/data/0", "/config"]),
            ({"timeout_s": 9_999}, ["/timeout_s"]),
        ],
    )
    async def test_what_breaks_the_signature_is_400_with_its_place(
        self,
        user: httpx.AsyncClient,
        versions: list[dict[str, Any]],
        change: dict[str, Any],
        pointers: list[str],
    ) -> None:
        answer = await user.post("/inference/submit", json=REQUEST | change)
        assert code(answer) == (400, "input_invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers
        assert "does not match its model" in answer.json()["detail"]

    async def test_the_same_key_is_the_same_job_wherever_the_alias_is(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        key = {"Idempotency-Key": "once"}
        first = await user.post("/inference/submit", json=REQUEST, headers=key)
        await user.put("/models/doubler/aliases/champion", json={"version": 1})
        again = await user.post("/inference/submit", json=REQUEST, headers=key)
        other = await user.post("/inference/submit", json=REQUEST | {"data": [3]}, headers=key)

        assert (again.status_code, again.headers["idempotent-replay"]) == (202, "true")
        assert again.json() == first.json()
        assert code(other) == (409, "idempotency_key_reused")

    async def test_a_result_is_there_once_the_job_has_ended(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        versions: list[dict[str, Any]],
        engine: AsyncEngine,
    ) -> None:
        told = await ask(user)
        job_id, place = told["job_id"], f"/inference/result/{told['job_id']}"
        assert code(await user.get(place)) == (409, "inference_unfinished")
        await set_job(engine, job_id, COMPLETED)

        result = (await user.get(place)).json()
        assert (result["result"], result["status"], result["model_version"]) == ({"n": 1}, "completed", 2)
        assert (await other.get(place)).status_code == 403
        assert code(await user.get("/inference/status/999")) == (404, "inference_not_found")
        [figures] = (await user.get("/results/stats/summary")).json()["by_model"]
        assert (figures["model_name"], figures["model_version"], figures["completed"]) == ("doubler", 2, 1)

    async def test_a_plain_job_is_none(self, user: httpx.AsyncClient, versions: list[dict[str, Any]]) -> None:
        job = await user.post("/jobs", json={"plugin_name": "loader", "input_data": {"data": 1}})
        answer = await user.get(f"/inference/status/{job.json()['id']}")
        assert (job.json()["model"], code(answer)) == (None, (404, "inference_not_found"))


class TestVersionsInUse:
    async def test_a_version_that_a_job_asks_stays_until_that_has_ended(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]], engine: AsyncEngine
    ) -> None:
        job_id = (await ask(user))["job_id"]
        refused = await user.delete("/models/doubler/versions/2")
        assert code(refused) == (409, "model_version_in_use")
        assert f"Job {job_id} asks doubler@2" in refused.json()["detail"]

        await user.post(f"/jobs/{job_id}/cancel")
        assert (await user.delete("/models/doubler/versions/2")).status_code == 204
        again = await user.post(f"/jobs/{job_id}/retry")
        assert code(again) == (404, "input_files_missing")
        assert "doubler@2 was deleted" in again.json()["detail"]
        assert (await ask(user))["model_version"] == 1

    async def test_none_is_deleted_under_a_request(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        requests = [
            user.post("/inference/submit", json=REQUEST | {"model_name": "doubler@2"}) for _ in range(8)
        ]
        *asked, deleted = await asyncio.gather(*requests, user.delete("/models/doubler/versions/2"))

        # Who came first wins: a job whose version is gone could never end well.
        codes = {each.status_code for each in asked}
        assert codes <= ({404} if deleted.status_code == 204 else {202}), (codes, deleted.text)

    async def test_data_may_refer_to_stored_files(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        image = {"type": "string", "format": "satellite-file", "contentEncoding": "base64", "maxLength": 8}
        data = {"type": "object", "properties": {"image": image}}
        plugin = SERVER | {"name": "viewer", "input_schema": {"properties": {"data": data}}}
        assert (await user.post("/plugins", json=plugin)).status_code == 201
        model = {"name": "viewer", "signature": {"input": data, "output": {}}}
        assert (await user.post("/models", json=model)).status_code == 201
        await add_version(user, model="viewer", plugin_name="viewer")
        own, foreign = await upload(user, b"map"), await upload(other, b"map")

        asked = await ask(user, model_name="viewer", data={"image": {"$file": own}})
        assert (await ask(user, model_name="viewer", data={"image": "bWFw"}))["status"] == "queued"
        async with engine.connect() as connection:
            files = await connection.scalar(
                text("SELECT input_files FROM jobs WHERE id = :id"), {"id": asked["job_id"]}
            )
        assert [(file["id"], file["pointers"]) for file in files] == [(own, ["/data/image"])]
        for value, told in (
            ({"$file": foreign}, (404, "input_files_missing")),
            ("bWFw" * 3, (400, "input_invalid")),
            ({"$file": own, "more": 1}, (400, "input_invalid")),
        ):
            request = {"model_name": "viewer", "data": {"image": value}}
            refused = await user.post("/inference/submit", json=request)
            assert code(refused) == told
            assert refused.json()["errors"][0]["pointer"] == "/data/image"

    async def test_its_worker_is_told_of_the_files_and_reads_them(
        self,
        stranger: httpx.AsyncClient,
        user: httpx.AsyncClient,
        versions: list[dict[str, Any]],
        engine: AsyncEngine,
        settings: OperationSettings,
    ) -> None:
        await ask(user)
        await user.post("/jobs", json={"plugin_name": "loader", "input_data": {"data": 1}})
        async with engine.begin() as connection:
            [job, plain] = await connection.run_sync(
                lambda blocking: (
                    select_and_mark(blocking, capacity=PLENTY, catalog=VersionCatalog(), limit=2).jobs
                )
            )
        granting = AttemptGrants(Grants(settings.auth.secret_key), ttl_s=60)
        model, nothing = (
            JobMessage.model_validate(orjson.loads(message_body(each, granting))[0][0]).model
            for each in (job, plain)
        )

        assert nothing is None
        assert model is not None
        assert job.model_digest == model.digest
        assert orjson.loads(model.output_schema_json) == SIGNATURE["output"]
        assert (model.name, model.version, model.digest) == ("doubler", 2, versions[1]["digest"])
        [file] = [each for each in model.files if each.name == "model.onnx"]
        place = f"http://satellite{input_path(job.key, file.id)}"
        read = await stranger.get(place, params={"grant": file.grant})
        assert (read.status_code, read.content) == (200, ONNX + b"x")
        with pytest.raises(FilesNotGranted):
            message_body(job, None)
        # A file of another version is none of this job's, whoever signs for it.
        [foreign] = [each["file_id"] for each in versions[0]["files"] if each["role"] == "model.onnx"]
        path = input_path(job.key, foreign)
        grant = Grants(settings.auth.secret_key).sign("GET", path, ttl_s=60)
        assert (await stranger.get(f"http://satellite{path}", params={"grant": grant})).status_code == 409
