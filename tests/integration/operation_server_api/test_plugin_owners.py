"""A plugin name belongs to who registered it first."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.database.migrate import migrate, migrate_down
from tests.integration.operation_server_api.conftest import MANIFEST


async def register(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/plugins", json={**MANIFEST, **changes})


async def own_id(client: httpx.AsyncClient) -> int:
    return int((await client.get("/users/me")).json()["id"])


class TestTakingOver:
    async def test_nobody_registers_or_deletes_versions_of_anothers_name(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        newer = await register(other, version="2.0.0")
        same = await register(other)
        deleted = await other.delete("/plugins/adder")
        job = await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})

        for refused in (newer, same, deleted):
            assert (refused.status_code, refused.json()["code"]) == (403, "plugin_not_yours")
            assert "belongs to ada@example.com" in refused.json()["detail"]
        assert job.json()["plugin_version"] == "1.0.0"
        assert adder["owner_id"] == await own_id(user)

    async def test_a_name_stays_with_its_owner_when_all_versions_are_deleted(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        await user.delete("/plugins/adder")

        assert (await register(other, version="2.0.0")).status_code == 403
        assert (await register(user, version="2.0.0")).status_code == 201

    async def test_admins_may_and_it_stays_whose_it_was(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        newer = (await register(admin, version="2.0.0")).json()

        assert newer["owner_id"] == adder["owner_id"]
        assert newer["created_by"] == await own_id(admin)
        assert (await register(user, version="3.0.0")).status_code == 201
        # One version is an admin's; the name is the user's, and so are all versions.
        assert (await user.delete("/plugins/adder")).status_code == 204

    async def test_of_two_who_register_a_new_name_at_once_one_has_it(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient
    ) -> None:
        for number in range(10):
            name = f"new-{number}"
            answers = await asyncio.gather(
                *(
                    register(client, name=name, version=version)
                    for version, client in (("1", user), ("2", other), ("3", user), ("4", other))
                )
            )

            assert sorted(answer.status_code for answer in answers) == [201, 201, 403, 403]
            versions = (await user.get(f"/plugins/{name}/versions")).json()["items"]
            assert {version["created_by"] for version in versions} == {versions[0]["owner_id"]}


class TestHandingOver:
    async def test_the_owner_gives_the_name_away(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        new_owner = await own_id(other)

        given = await user.put("/plugins/adder/owner", json={"owner_id": new_owner})

        assert (given.status_code, given.json()) == (200, {"name": "adder", "owner_id": new_owner})
        assert (await user.get("/plugins/adder")).json()["owner_id"] == new_owner
        assert (await register(user, version="2.0.0")).status_code == 403
        assert (await register(other, version="2.0.0")).status_code == 201
        assert (await other.delete("/plugins/adder")).status_code == 204

    async def test_admins_do_also_for_deleted_names_and_others_do_not(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        adder: dict[str, Any],
    ) -> None:
        await user.delete("/plugins/adder")
        to_other = {"owner_id": await own_id(other)}

        assert (await other.put("/plugins/adder/owner", json=to_other)).status_code == 403
        assert (await admin.put("/plugins/adder/owner", json=to_other)).status_code == 200
        assert (await register(other, version="2.0.0")).status_code == 201
        assert (await admin.put("/plugins/none/owner", json=to_other)).status_code == 404

    async def test_only_to_an_active_account(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        adder: dict[str, Any],
    ) -> None:
        closed = await own_id(other)
        await admin.patch(f"/users/{closed}", json={"is_active": False})

        for owner_id in (closed, 9_999_999, 2**63 - 1):
            answer = await user.put("/plugins/adder/owner", json={"owner_id": owner_id})
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["pointer"] == "/owner_id"


class TestUpgrade:
    async def test_names_go_to_their_first_registration(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        engine: AsyncEngine,
        database_url: str,
    ) -> None:
        await register(user)
        await register(admin, version="2.0.0")
        await user.delete("/plugins/adder", params={"version": "1.0.0"})
        await engine.dispose()
        await asyncio.to_thread(migrate_down, database_url, revision="0001")

        await asyncio.to_thread(migrate, database_url)

        assert (await user.get("/plugins/adder")).json()["owner_id"] == await own_id(user)
        assert (await register(other, version="3.0.0")).status_code == 403

    async def test_a_name_that_an_older_process_registered_meanwhile_is_its_first_ones(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, adder: dict[str, Any], engine: AsyncEngine
    ) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM plugin_owners"))

        assert (await user.get("/plugins/adder")).json()["owner_id"] == adder["owner_id"]
        assert (await register(other, version="2.0.0")).status_code == 403
        assert (await other.delete("/plugins/adder")).status_code == 403
        assert (await register(user, version="2.0.0")).status_code == 201
