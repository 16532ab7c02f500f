"""Jobs that train: each makes one version in the transition that completes it, or fails and makes none."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.grants import Grants
from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.jobs.transitions import apply_outcomes
from operation_server.settings import FileSettings, OperationSettings
from satellite.contracts.identity import AttemptKey
from satellite.contracts.model_version import FILES_MAX
from satellite.contracts.outcome import OutcomeStatus
from satellite.testing import outcome_of
from tests.integration.files.attempt_worker import Worker
from tests.integration.operation_server_api.conftest import MANIFEST, find_uid, set_job
from tests.integration.registry.conftest import GOLDEN, ONNX, SERVER, SIGNATURE

TRAINER: dict[str, Any] = MANIFEST | {
    "name": "trainer",
    "trains": {"model": "doubler", "plugin": "loader"},
}
UNDER_WAY = "status = 'processing', dispatched_at = now(), attempt = 2"
Start = Callable[..., Awaitable[AttemptKey]]
Files = dict[str, bytes]
METRICS = {"mae": 4.5, "weights": 10**30}
MADE: Files = {
    "model.onnx": ONNX,
    "golden.json": GOLDEN,
    "metrics.json": json.dumps(METRICS).encode(),
    "signature.json": json.dumps(SIGNATURE | {"output": {"maxItems": 10**30}}).encode(),
    "charts/loss.json": b"not one of them",
    "loss.csv": b"step,loss",
}


@pytest.fixture
def worker(stranger: httpx.AsyncClient, settings: OperationSettings, engine: AsyncEngine) -> Worker:
    return Worker(stranger, Grants(settings.auth.secret_key), engine)


@pytest.fixture
async def trainer(user: httpx.AsyncClient) -> None:
    """The plugins that train a model and load it."""
    for manifest in (SERVER, TRAINER):
        answer = await user.post("/plugins", json=manifest)
        assert answer.status_code == 201, answer.text


@pytest.fixture
def start(user: httpx.AsyncClient, engine: AsyncEngine, trainer: None) -> Start:
    """Submit a training and return its attempt, which is under way."""

    async def start(by: httpx.AsyncClient = user) -> AttemptKey:
        answer = await by.post("/jobs", json={"plugin_name": "trainer", "input_data": {"n": 1}})
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["id"]
        await set_job(engine, job_id, UNDER_WAY)
        return AttemptKey(job_id, 2, await find_uid(engine, job_id))

    return start


async def train(worker: Worker, key: AttemptKey, files: Files) -> int:
    """Bring what a training wrote, report it, and return how many outcomes were applied."""
    return await worker.report(key, *[await worker.bring(key, name, each) for name, each in files.items()])


async def job_of(client: httpx.AsyncClient, key: AttemptKey) -> dict[str, Any]:
    job: dict[str, Any] = (await client.get(f"/jobs/{key.job_id}")).json()
    return job


async def versions(client: httpx.AsyncClient, name: str = "doubler") -> list[dict[str, Any]]:
    """Return the versions of a model, the oldest first; none if there is no such model."""
    answer = await client.get(f"/models/{name}/versions")
    return list(reversed(answer.json()["items"])) if answer.status_code == 200 else []


class TestMade:
    async def test_a_training_makes_model_and_version(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, worker: Worker, start: Start
    ) -> None:
        key = await start()
        assert await train(worker, key, MADE) == 1

        job = await job_of(user, key)
        assert (job["status"], job["made"], job["artifacts"]) == ("completed", "doubler@1", len(MADE))
        [made] = await versions(user)
        assert [file["role"] for file in made["files"]] == ["golden.json", "model.onnx"]
        assert (made["metrics"], made["job_id"], made["plugin_name"]) == (METRICS, key.job_id, "loader")
        card = (await user.get("/models/doubler/versions/1/card")).json()
        assert (card["job"]["id"], card["job"]["status"]) == (key.job_id, "completed")
        me = (await user.get("/users/me")).json()["id"]
        assert (card["model"]["owner_id"], card["model"]["signature"]["input"], made["created_by"]) == (
            me, SIGNATURE["input"], me,
        )  # fmt: skip
        entries = (await admin.get("/audit", params={"object_type": "model"})).json()["items"]
        told = [(entry["action"], entry["actor"]) for entry in reversed(entries)]
        assert told == [(f"model.{what}", "ada@example.com") for what in ("register", "register_version")]
        asked = await user.post("/inference/submit", json={"model_name": "doubler", "data": [1]})
        assert asked.json()["model_version"] == 1

    async def test_the_next_one_makes_the_next_version_without_a_signature(
        self, user: httpx.AsyncClient, worker: Worker, start: Start
    ) -> None:
        await train(worker, await start(), MADE)
        key = await start()
        await train(worker, key, {"model.onnx": ONNX + b"2"})
        again = await start()
        await train(worker, again, MADE)

        assert [(await job_of(user, each))["made"] for each in (key, again)] == ["doubler@2", "doubler@3"]
        assert [each["metrics"] for each in await versions(user)] == [METRICS, {}, METRICS]

    async def test_its_files_stay_as_long_as_the_version(
        self, *, user: httpx.AsyncClient, worker: Worker, start: Start, engine: AsyncEngine,
        file_settings: FileSettings,
    ) -> None:  # fmt: skip
        await train(worker, await start(), MADE)
        storage = FileStorage.of(file_settings)
        assert storage is not None
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE files SET expires_at = now() - interval '1 day'"))

        assert await FileSweeper(engine, storage).sweep() == len(MADE) - 2
        [made] = await versions(user)
        content = [(await user.get(f"/files/{file['file_id']}")).content for file in made["files"]]
        assert content == [GOLDEN, ONNX]
        assert (await user.delete(f"/files/{made['files'][1]['file_id']}")).json()["code"] == "file_in_use"

    async def test_whatever_is_reported_it_makes_one(
        self, user: httpx.AsyncClient, worker: Worker, start: Start, engine: AsyncEngine
    ) -> None:
        first = await start()
        brought = [await worker.bring(first, name, each) for name, each in MADE.items()]
        await set_job(engine, first.job_id, "attempt = 3")
        key = AttemptKey(first.job_id, 3, first.uid)
        # The attempt that was believed to be lost has ended as well, before and after the one that counts.
        assert await worker.report(first, *brought) == 0
        files = [await worker.bring(key, name, each) for name, each in MADE.items()]
        applied = await asyncio.gather(*[worker.report(key, *files) for _ in range(3)])
        assert sorted(applied) == [0, 0, 1]
        assert await worker.report(first, *brought) == 0

        assert len(await versions(user)) == 1
        assert (await job_of(user, key))["made"] == "doubler@1"

    async def test_a_batch_numbers_them_and_one_that_is_refused_harms_none(
        self, user: httpx.AsyncClient, worker: Worker, start: Start, engine: AsyncEngine
    ) -> None:
        outcomes = []
        contents: list[Files] = [MADE, {"loss.csv": b""}, MADE]
        for files in contents:
            key = await start()
            brought = [await worker.bring(key, name, each) for name, each in files.items()]
            given = {"status": OutcomeStatus.COMPLETED, "result_json": "{}", "artifacts": brought}
            outcomes.append(outcome_of(key.job_id, 2, uid=key.uid, **given))
        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, outcomes)

        told = {each.job_id: (await user.get(f"/jobs/{each.job_id}")).json() for each in outcomes}
        assert [(job["status"], job["made"]) for job in told.values()] == [
            ("completed", "doubler@1"), ("failed", None), ("completed", "doubler@2"),
        ]  # fmt: skip
        assert len(await versions(user)) == 2


class TestRefused:
    async def test_what_the_registry_would_not_take_is_refused_as_it_comes(
        self, worker: Worker, start: Start
    ) -> None:
        key = await start()
        refused = [
            ("model.onnx", pickle.dumps({}), "is a pickle"),
            ("model.onnx", b"", "is no onnx file"),
            ("golden.json", b"<xml/>", "is no json file"),
            ("model.safetensors", ONNX, "is no safetensors file"),
            ("metrics.json", b"[1]", "metrics.json is not a JSON object"),
            ("metrics.json", b'{"mae": NaN}', "metrics.json: "),
            ("metrics.json", json.dumps({str(n): n for n in range(101)}).encode(), "at most 100"),
            ("metrics.json", b'{"x": "' + b"x" * 70_000 + b'"}', "at most 65536"),
            ("signature.json", b'{"input": {}}', "signature.json: /output"),
            ("signature.json", b'{"input": {"type": "no"}, "output": {}}', "signature.json: /input/type"),
        ]
        for name, content, told in refused:
            answer = await worker.put(key, name, content)
            assert (answer.status_code, answer.json()["code"]) == (400, "artifact_refused"), name
            assert told in answer.json()["detail"]

    async def test_what_is_not_a_version_fails_the_job_as_output(
        self, user: httpx.AsyncClient, worker: Worker, start: Start
    ) -> None:
        tried: list[tuple[Files, str]] = [
            ({}, "the plugin wrote no file of it"),
            ({"metrics.json": b"{}", "charts/model.onnx": ONNX}, "the plugin wrote no file of it"),
            ({"model.onnx": ONNX}, "there is no such model, and the plugin wrote no signature.json"),
            ({f"{n}.json": b"{}" for n in range(FILES_MAX + 1)}, f"wrote {FILES_MAX + 1} files"),
        ]
        for files, told in tried:
            key = await start()
            await train(worker, key, files)
            job = await job_of(user, key)
            assert (job["status"], job["error"]["kind"], job["made"]) == ("failed", "output", None)
            assert told in job["error_message"]
            assert job["artifacts"] == 0
        assert (await user.get("/models")).json()["total"] == 0

    async def test_another_signature_than_the_models_is_refused(
        self, user: httpx.AsyncClient, worker: Worker, start: Start
    ) -> None:
        await train(worker, await start(), MADE)
        key = await start()
        await train(worker, key, MADE | {"signature.json": b'{"input": {}, "output": {}}'})

        assert "signature.json is not its signature" in (await job_of(user, key))["error_message"]
        assert len(await versions(user)) == 1

    async def test_what_changed_since_the_submission_fails_the_job(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, worker: Worker, start: Start
    ) -> None:
        key, late = await start(), await start()
        await other.post("/models", json={"name": "doubler", "signature": SIGNATURE})
        await train(worker, key, MADE)
        told = (await job_of(user, key))["error_message"]
        assert told.endswith("it belongs to grace@example.com, and the job to ada@example.com.")
        assert await versions(user) == []

        await user.delete("/plugins/loader")
        await train(worker, late, MADE)
        assert "the plugin loader, which is to load it" in (await job_of(user, late))["error_message"]


class TestSubmitted:
    async def test_a_training_of_somebody_elses_model_is_refused_at_once(
        self, *, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, worker: Worker,
        start: Start,
    ) -> None:  # fmt: skip
        await train(worker, await start(), MADE)
        body = {"plugin_name": "trainer", "input_data": {"n": 1}}
        one = await other.post("/jobs", json=body)
        many = await other.post("/jobs/batch", json={"jobs": [body]})

        assert (one.status_code, one.json()["code"]) == (403, "model_not_yours")
        assert many.json()["errors"][0]["pointer"] == "/jobs/0/plugin_name"
        await train(worker, await start(admin), {"model.onnx": ONNX})
        assert len(await versions(user)) == 2

    async def test_a_key_that_may_register_no_such_model_trains_none(
        self, user: httpx.AsyncClient, start: Start
    ) -> None:
        body = {"plugin_name": "trainer", "input_data": {"n": 1}}
        scopes: list[tuple[dict[str, Any], int]] = [
            ({"permissions": ["jobs:change"]}, 403),
            ({"plugins": ["trainer"]}, 403),
            ({"permissions": ["jobs:change", "models:register"], "plugins": ["trainer", "loader"]}, 202),
        ]
        for number, (scope, status) in enumerate(scopes):
            key = await user.post("/api-keys", json={"name": f"k{number}", **scope})
            headers = {"X-API-Key": key.json()["key"]}
            async with httpx.AsyncClient(transport=user._transport, base_url=user.base_url) as narrow:
                answer = await narrow.post("/jobs", json=body, headers=headers)
            assert answer.status_code == status, (scope, answer.text)
            assert status == 202 or answer.json()["code"] == "key_too_narrow"

    async def test_what_nothing_could_load_is_not_trained(
        self, user: httpx.AsyncClient, trainer: None
    ) -> None:
        for name, trains in (("unloadable", "doubler"), ("circular", {"model": "x", "plugin": "trainer"})):
            await user.post("/plugins", json=TRAINER | {"name": name, "trains": trains})
        answers = [
            await user.post("/jobs", json={"plugin_name": name, "input_data": {"n": 1}})
            for name in ("unloadable", "circular")
        ]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [
            (404, "plugin_not_found"), (409, "training_pointless"),
        ]  # fmt: skip
        assert "onnx-model" in answers[0].json()["detail"]
