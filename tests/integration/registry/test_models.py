"""Models, versions and aliases as the API keeps them."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.settings import FileSettings
from satellite.contracts.model_version import artifact_digest
from tests.integration.files.conftest import stored
from tests.integration.operation_server_api.conftest import MANIFEST
from tests.integration.registry.conftest import GOLDEN, ONNX, SIGNATURE, add_version, upload


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestModels:
    async def test_the_same_again_is_200_and_other_content_409(
        self, user: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        again = await user.post("/models", json={"name": "doubler", "signature": SIGNATURE})
        other = await user.post(
            "/models", json={"name": "doubler", "description": "x", "signature": SIGNATURE}
        )

        assert (again.status_code, again.json()) == (200, doubler)
        assert code(other) == (409, "model_taken")
        assert (doubler["latest_version"], doubler["aliases"]) == (None, {})
        assert (await user.get("/models")).json() == {"total": 1, "items": [doubler]}

    async def test_a_signature_is_checked_and_must_be_there(self, user: httpx.AsyncClient) -> None:
        bad = {"name": "x", "signature": {"input": {"type": "no-such-type"}, "output": {}}}
        answer = await user.post("/models", json=bad)

        assert code(answer) == (400, "model_invalid")
        assert answer.json()["errors"][0]["pointer"] == "/signature/input/type"
        assert (await user.post("/models", json={"name": "x"})).status_code == 422
        assert (await user.post("/models", json=bad | {"name": "Bad Name"})).status_code == 422

    async def test_what_is_not_there_is_404(self, user: httpx.AsyncClient, doubler: dict[str, Any]) -> None:
        codes = {
            path: code(await user.get(f"/models/{path}"))
            for path in ("x", "x/versions", "x/versions/1", "doubler/versions/1", "doubler/aliases/champion")
        }
        assert codes == {
            **dict.fromkeys(("x", "x/versions", "x/versions/1"), (404, "model_not_found")),
            "doubler/versions/1": (404, "model_version_not_found"),
            "doubler/aliases/champion": (404, "model_alias_not_found"),
        }
        moved = await user.put("/models/doubler/aliases/champion", json={"version": 1})
        assert code(moved) == (404, "model_version_not_found")

    async def test_one_is_handed_over(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        doubler: dict[str, Any],
    ) -> None:
        new_owner = (await other.get("/users/me")).json()["id"]
        taken = await other.put("/models/doubler/owner", json={"owner_id": new_owner})
        assert code(taken) == (403, "model_not_yours")
        assert "hand the model over" in taken.json()["detail"]
        nobody = await user.put("/models/doubler/owner", json={"owner_id": 999})
        assert code(nobody) == (422, "new_owner_not_found")

        given = await user.put("/models/doubler/owner", json={"owner_id": new_owner})
        assert (given.status_code, given.json()["owner_id"]) == (200, new_owner)
        assert code(await user.put("/models/doubler/owner", json={"owner_id": 1})) == (403, "model_not_yours")
        entries = (await admin.get("/audit", params={"action": "model.hand_over"})).json()["items"]
        assert [entry["detail"] for entry in entries if not entry["is_refused"]] == [{"owner_id": new_owner}]


class TestVersions:
    async def test_are_numbered_and_named_by_their_content(
        self, user: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        first = await add_version(user, metrics={"mae": 4.53})
        second = await add_version(user, ONNX + b"x")

        assert (first["version"], second["version"]) == (1, 2)
        hashes = {
            "model.onnx": hashlib.sha256(ONNX).hexdigest(),
            "golden.json": hashlib.sha256(GOLDEN).hexdigest(),
        }
        assert first["digest"] == artifact_digest(hashes) != second["digest"]
        assert {file["role"]: file["sha256"] for file in first["files"]} == hashes
        assert first["metrics"] == {"mae": 4.53}
        listed = (await user.get("/models/doubler/versions")).json()
        assert (listed["total"], [each["version"] for each in listed["items"]]) == (2, [2, 1])
        assert (await user.get("/models/doubler/versions/1")).json() == first

    async def test_the_same_again_is_the_same_version(
        self, user: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        body = {"plugin_name": "loader", "files": {"model.onnx": await upload(user)}}
        first = await user.post("/models/doubler/versions", json=body)
        again = await user.post("/models/doubler/versions", json=body)
        better = await user.post("/models/doubler/versions", json=body | {"metrics": {"mae": 1}})

        assert [each.status_code for each in (first, again, better)] == [201, 200, 201]
        assert [each.json()["version"] for each in (first, again, better)] == [1, 1, 2]

    @pytest.mark.parametrize(
        ("role", "content", "words"),
        [
            ("model.onnx", pickle.dumps({"weights": [1.0]}), "is a pickle"),
            ("model.onnx", pickle.dumps({"weights": [1.0]}, 0), "is a pickle"),
            ("model.onnx", b"PK\x03\x04archive/data.pkl", "is a pickle"),
            ("golden.json", pickle.dumps([1]), "is a pickle"),
            ("model.safetensors", pickle.dumps([1]), "is a pickle"),
            ("model.onnx", b"\x7fELF", "is no onnx file"),
            ("model.onnx", b"", "is no onnx file"),
            ("model.safetensors", ONNX, "is no safetensors file"),
            ("golden.json", b"\x93NUMPY", "is no json file"),
        ],
    )
    async def test_other_content_than_data_is_refused(
        self, user: httpx.AsyncClient, doubler: dict[str, Any], role: str, content: bytes, words: str
    ) -> None:
        files = {role: await upload(user, content)}
        answer = await user.post("/models/doubler/versions", json={"plugin_name": "loader", "files": files})

        assert code(answer) == (400, "model_invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/files/{role}"]
        assert words in answer.json()["detail"]

    async def test_safetensors_are_taken(self, user: httpx.AsyncClient, doubler: dict[str, Any]) -> None:
        files = {"model.safetensors": await upload(user, (2).to_bytes(8, "little") + b"{}")}
        answer = await user.post("/models/doubler/versions", json={"plugin_name": "loader", "files": files})
        assert answer.status_code == 201, answer.text

    async def test_all_that_is_missing_is_named(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        files = {"model.onnx": await upload(other), "golden.json": "nowhere"}
        body = {"plugin_name": "nothing", "files": files, "job_id": 999}
        answer = await user.post("/models/doubler/versions", json=body)

        assert code(answer) == (400, "model_invalid")
        assert {error["pointer"] for error in answer.json()["errors"]} == {
            "/plugin_name", "/files/model.onnx", "/files/golden.json", "/job_id",
        }  # fmt: skip
        pickled = await user.post(
            "/models/doubler/versions", json={"plugin_name": "loader", "files": {"model.pkl": "x"}}
        )
        assert pickled.status_code == 422

    async def test_only_a_server_loads_one(self, user: httpx.AsyncClient, doubler: dict[str, Any]) -> None:
        await user.post("/plugins", json=MANIFEST)
        body = {"plugin_name": "adder", "files": {"model.onnx": await upload(user)}}
        answer = await user.post("/models/doubler/versions", json=body)

        assert code(answer) == (400, "model_invalid")
        assert "is no server" in answer.json()["detail"]

    async def test_a_card_is_made_of_records(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        await user.post("/plugins", json=MANIFEST)
        job = (await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})).json()
        version = await add_version(user, job_id=job["id"], metrics={"mae": 1.5})

        card = (await user.get("/models/doubler/versions/1/card")).json()
        assert card["version"] == version
        assert card["model"]["latest_version"] == 1
        assert (card["job"]["id"], card["job"]["plugin_name"]) == (job["id"], "adder")
        assert card["job"]["input_data"] == {"n": 1}
        assert (await other.get("/models/doubler/versions/1/card")).json()["job"]["input_data"] is None


class TestAliases:
    async def test_one_is_moved_and_deleted(self, user: httpx.AsyncClient, doubler: dict[str, Any]) -> None:
        for content in (ONNX, ONNX + b"x"):
            await add_version(user, content)
        place = "/models/doubler/aliases/champion"
        first = await user.put(place, json={"version": 1})
        again = await user.put(place, json={"version": 1})
        moved = await user.put(place, json={"version": 2})

        assert [each.status_code for each in (first, again, moved)] == [200, 200, 200]
        assert first.json() == again.json()
        assert (await user.get(place)).json() == moved.json()
        assert (await user.get("/models/doubler")).json()["aliases"] == {"champion": 2}
        assert (await user.delete(place)).status_code == 204
        assert code(await user.delete(place)) == (404, "model_alias_not_found")
        assert (await user.put("/models/doubler/aliases/3", json={"version": 1})).status_code == 422

    async def test_a_version_with_one_is_not_deleted(
        self, user: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        await add_version(user)
        await user.put("/models/doubler/aliases/champion", json={"version": 1})
        refused = await user.delete("/models/doubler/versions/1")

        assert code(refused) == (409, "model_version_in_use")
        assert "is called champion" in refused.json()["detail"]
        await user.delete("/models/doubler/aliases/champion")
        assert (await user.delete("/models/doubler/versions/1")).status_code == 204
        assert code(await user.delete("/models/doubler/versions/1")) == (404, "model_version_not_found")
        assert (await add_version(user))["version"] == 2


class TestFiles:
    async def test_they_stay_as_long_as_the_version(
        self,
        user: httpx.AsyncClient,
        doubler: dict[str, Any],
        engine: AsyncEngine,
        file_settings: FileSettings,
        folder: Path,
    ) -> None:
        version = await add_version(user)
        file_id = version["files"][1]["file_id"]
        refused = await user.delete(f"/files/{file_id}")
        assert code(refused) == (409, "file_in_use")
        assert "doubler@1" in refused.json()["detail"]

        storage = FileStorage.of(file_settings)
        assert storage is not None
        sweeper = FileSweeper(engine, storage)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE files SET expires_at = now() - interval '1 day'"))
        assert await sweeper.sweep() == 0
        assert len(stored(folder)) == 2
        await user.delete("/models/doubler/versions/1")
        assert await sweeper.sweep() == 2


class TestOwners:
    async def test_only_its_owner_and_admins_change_a_model(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        doubler: dict[str, Any],
    ) -> None:
        await add_version(user)
        body = {"plugin_name": "loader", "files": {"model.onnx": await upload(other)}}
        refusals = [
            await other.post("/models/doubler/versions", json=body),
            await other.put("/models/doubler/aliases/champion", json={"version": 1}),
            await other.delete("/models/doubler/versions/1"),
        ]
        assert [code(each) for each in refusals] == [(403, "model_not_yours")] * 3
        assert (await other.get("/models/doubler/versions/1")).status_code == 200
        assert (await admin.put("/models/doubler/aliases/champion", json={"version": 1})).status_code == 200

    async def test_the_trail_tells_of_all_changes(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, doubler: dict[str, Any]
    ) -> None:
        await add_version(user)
        await user.put("/models/doubler/aliases/champion", json={"version": 1})
        await user.delete("/models/doubler/aliases/champion")
        await user.delete("/models/doubler/versions/1")

        entries = (await admin.get("/audit", params={"object_type": "model"})).json()["items"]
        assert [entry["action"] for entry in reversed(entries)] == [
            "model.register", "model.register_version", "model.move_alias", "model.delete_alias",
            "model.delete_version",
        ]  # fmt: skip
