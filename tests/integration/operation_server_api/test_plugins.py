"""Registering, listing, deleting and controlling plugins."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operation_server_api.conftest import MANIFEST, set_job


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


class TestRegister:
    async def test_the_same_again_is_200_and_other_content_409(self, user: httpx.AsyncClient) -> None:
        first = await user.post("/plugins", json=MANIFEST)
        again = await user.post("/plugins", json=MANIFEST)
        other = await user.post("/plugins", json={**MANIFEST, "description": "other"})

        assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]
        assert first.json()["id"] == again.json()["id"]
        assert other.json()["code"] == "plugin_version_taken"
        assert first.json()["input_schema"] == MANIFEST["input_schema"]

    async def test_the_image_may_be_given_as_docker_image_url(self, user: httpx.AsyncClient) -> None:
        manifest = {key: value for key, value in MANIFEST.items() if key != "docker_image"}

        answer = await user.post("/plugins", json={**manifest, "docker_image_url": "example/adder:1"})

        assert answer.status_code == 201
        assert answer.json()["docker_image"] == "example/adder:1"

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"dokcer_image": "x"}, "/dokcer_image"),
            ({"resources": {"cpu": 1}}, "/resources/cpu"),
            ({"docker_image": "example/Adder:1"}, "/docker_image"),
            ({"docker_image": "http://example/adder"}, "/docker_image"),
            ({"command": []}, "/command"),
            ({"command": [""]}, "/command/0"),
            ({"name": "Bad_Name"}, "/name"),
            ({"name": "-bad"}, "/name"),
            ({"name": "x" * 64}, "/name"),
            ({"input_schema": {"type": "no-such-type"}}, "/input_schema/type"),
            ({"input_schema": {"pattern": "("}}, "/input_schema/pattern"),
            ({"output_schema": nested(70)}, "/output_schema"),
            ({"input_schema": {"const": "x" * 300_000}}, "/input_schema"),
            ({"output_schema": {"$ref": "#/$defs/missing"}}, "/output_schema/$ref"),
        ],
    )
    async def test_a_bad_manifest_is_400_with_its_key(
        self, user: httpx.AsyncClient, change: dict[str, Any], pointer: str
    ) -> None:
        answer = await user.post("/plugins", json={**MANIFEST, **change})

        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert pointer.rsplit("/", maxsplit=1)[-1] in answer.json()["detail"]

    @pytest.mark.parametrize("ref", ["https://example.com/schema.json", "file:///etc/passwd"])
    async def test_a_remote_reference_is_refused(self, user: httpx.AsyncClient, ref: str) -> None:
        answer = await user.post("/plugins", json={**MANIFEST, "output_schema": {"$ref": ref}})

        assert answer.status_code == 400
        assert "output_schema" in answer.json()["detail"]

    async def test_malformed_json_is_422(self, user: httpx.AsyncClient) -> None:
        answer = await user.post("/plugins", content=b"{", headers={"content-type": "application/json"})

        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "relaxed",
        [
            {"network": True},
            {"mode": "server", "shared": True},
            {"mode": "server", "batch": {"max_size": 2, "across_owners": True}},
        ],
    )
    async def test_only_admins_register_plugins_that_keep_users_less_apart(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, relaxed: dict[str, Any]
    ) -> None:
        manifest = {**MANIFEST, **relaxed}

        assert (await user.post("/plugins", json=manifest)).status_code == 403
        assert (await admin.post("/plugins", json=manifest)).status_code == 201


class TestList:
    async def test_the_newest_registration_of_each(self, user: httpx.AsyncClient) -> None:
        for name, version in (("b", "2.0"), ("a", "1.0"), ("b", "1.9")):
            await user.post("/plugins", json={**MANIFEST, "name": name, "version": version})

        page = (await user.get("/plugins", params={"limit": 1, "skip": 1})).json()
        versions = (await user.get("/plugins/b/versions")).json()

        assert page["total"] == 2
        assert [(item["name"], item["version"]) for item in page["items"]] == [("b", "1.9")]
        assert [item["version"] for item in versions["items"]] == ["1.9", "2.0"]
        assert (await user.get("/plugins/b", params={"version": "2.0"})).json()["version"] == "2.0"
        assert (await user.get("/plugins", params={"name": "%"})).json()["total"] == 0

    async def test_unknown_ones_are_404(self, user: httpx.AsyncClient) -> None:
        for path in ("/plugins/none", "/plugins/none/versions", "/plugins/none?version=1"):
            assert (await user.get(path)).status_code == 404


class TestDelete:
    async def test_not_while_jobs_wait_and_then_hidden(
        self, user: httpx.AsyncClient, adder: dict[str, Any], submit: Any
    ) -> None:
        job = await submit()

        refused = await user.delete("/plugins/adder")
        await user.post(f"/jobs/{job['id']}/cancel")
        deleted = await user.delete("/plugins/adder")

        assert (refused.status_code, refused.json()["code"]) == (409, "plugin_in_use")
        assert deleted.status_code == 204
        assert (await user.get("/plugins/adder")).status_code == 404
        assert (await user.post("/jobs", json={"plugin_name": "adder", "input_data": {}})).status_code == 404
        assert (await user.get(f"/jobs/{job['id']}")).json()["plugin_name"] == "adder"

    async def test_the_same_content_comes_back_and_other_content_stays_refused(
        self, user: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        await user.delete("/plugins/adder", params={"version": "1.0.0"})

        assert (await user.post("/plugins", json={**MANIFEST, "timeout_s": 1})).status_code == 409
        assert (await user.post("/plugins", json=MANIFEST)).status_code == 201
        assert (await user.get("/plugins/adder")).json()["id"] == adder["id"]

    async def test_only_by_who_registered_it_or_an_admin(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        await admin.post("/plugins", json=MANIFEST)

        assert (await user.delete("/plugins/adder")).status_code == 403
        assert (await admin.delete("/plugins/adder")).status_code == 204


class TestControl:
    async def test_admins_pause_resume_and_limit(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        assert (await user.post("/plugins/adder/pause")).status_code == 403

        paused = (await admin.post("/plugins/adder/pause")).json()
        limited = (await admin.patch("/plugins/adder/control", json={"max_running": 2})).json()
        resumed = (await admin.post("/plugins/adder/resume")).json()

        assert paused["control"] == {"is_paused": True, "max_running": None}
        assert limited["control"] == {"is_paused": True, "max_running": 2}
        assert resumed["control"] == {"is_paused": False, "max_running": 2}


async def test_a_processing_job_keeps_its_plugin(
    user: httpx.AsyncClient, engine: AsyncEngine, submit: Any
) -> None:
    job = await submit()
    await set_job(engine, job["id"], "status = 'processing', started_at = now()")

    assert (await user.delete("/plugins/adder")).status_code == 409
