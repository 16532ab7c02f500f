"""Secrets: who stores, sees, grants and deletes them, and that nobody is told a value."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.main import create_app
from operation_server.settings import OperationSettings, SecretSettings
from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, log_in, started
from tests.integration.operation_server_api.test_api_keys import by_key, make

VALUE = "canary-value-of-a-secret"
KEY = SecretStr("a key-encryption key of more than thirty-two characters")


@pytest.fixture
def settings(settings: OperationSettings) -> OperationSettings:
    return settings.model_copy(update={"secrets": SecretSettings(key=KEY)})


async def put(client: httpx.AsyncClient, name: str = "TOKEN", **fields: Any) -> dict[str, Any]:
    answer = await client.post("/secrets", json={"name": name, "value": VALUE, **fields})
    assert answer.status_code == 201, answer.text
    assert VALUE not in answer.text
    made: dict[str, Any] = answer.json()
    return made


async def names(client: httpx.AsyncClient) -> list[tuple[str, bool]]:
    items = (await client.get("/secrets")).json()["items"]
    return [(item["name"], item["owner_id"] is None) for item in items]


async def trail(admin: httpx.AsyncClient, action: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await admin.get("/audit", params={"action": action})).json()["items"]
    return entries


async def test_a_secret_is_stored_replaced_granted_and_deleted(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: Any, engine: AsyncEngine
) -> None:
    made = await put(user)
    other_value = "another-canary-value"
    replaced = await user.put(f"/secrets/{made['id']}/value", json={"value": other_value})
    for _ in range(2):
        assert (await user.put(f"/secrets/{made['id']}/plugins/adder")).status_code == 204
    listed = await user.get("/secrets")

    assert (made["version"], made["plugins"]) == (1, [])
    assert replaced.json()["version"] == 2
    assert listed.json()["items"][0]["plugins"] == ["adder"]
    assert not any(value in listed.text + replaced.text for value in (VALUE, other_value))
    async with engine.connect() as connection:
        row = await connection.scalar(text("SELECT s::text FROM secrets s"))
        told = await connection.scalar(text("SELECT json_agg(a)::text FROM audit_entries a"))
    for value in (VALUE, other_value):
        assert value not in row
        assert value.encode().hex() not in row
        assert value not in told
    for _ in range(2):
        assert (await user.delete(f"/secrets/{made['id']}/plugins/adder")).status_code == 204
    assert (await user.delete(f"/secrets/{made['id']}")).status_code == 204
    assert (await user.delete(f"/secrets/{made['id']}")).status_code == 404
    for action in ("create", "replace", "grant", "revoke", "delete"):
        entries = await trail(admin, f"secret.{action}")
        assert [entry["actor"] for entry in entries] == ["ada@example.com"] * (2 if action == "grant" else 1)
        assert entries[0]["detail"]["name"] == "TOKEN"


async def test_everybody_has_names_of_their_own(
    user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await put(user)
    await put(other)
    of_all = await put(admin, for_all=True)
    again = await user.post("/secrets", json={"name": "TOKEN", "value": VALUE})
    all_again = await admin.post("/secrets", json={"name": "TOKEN", "value": VALUE, "for_all": True})

    for refused in (again, all_again):
        assert (refused.status_code, refused.json()["code"]) == (409, "secret_exists")
    assert await names(user) == [("TOKEN", True), ("TOKEN", False)]
    assert len(await names(admin)) == 3
    assert (await other.delete(f"/secrets/{made['id']}")).status_code == 404
    for refused in (
        await user.post("/secrets", json={"name": "MINE", "value": VALUE, "for_all": True}),
        await user.put(f"/secrets/{of_all['id']}/value", json={"value": VALUE}),
        await user.delete(f"/secrets/{of_all['id']}"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_required")
    assert (await admin.delete(f"/secrets/{made['id']}")).status_code == 204


async def test_a_plugin_that_is_not_there_is_not_granted_anything(
    user: httpx.AsyncClient, adder: Any
) -> None:
    refused = await user.post(
        "/secrets", json={"name": "TOKEN", "value": VALUE, "plugins": ["adder", "subtractor"]}
    )
    made = await put(user, plugins=["adder"])
    later = await user.put(f"/secrets/{made['id']}/plugins/subtractor")

    for answer in (refused, later):
        assert (answer.status_code, answer.json()["code"]) == (404, "plugin_not_found")
    assert made["plugins"] == ["adder"]


async def test_a_key_for_some_plugins_grants_to_these_only(user: httpx.AsyncClient, adder: Any) -> None:
    await user.post("/plugins", json=MANIFEST | {"name": "other"})
    made = await put(user)
    program = by_key(user, await make(user, plugins=["adder"]))
    reads = by_key(user, await make(user, permissions=["jobs:read"]))

    assert (await program.put(f"/secrets/{made['id']}/plugins/adder")).status_code == 204
    for refused in (
        await program.put(f"/secrets/{made['id']}/plugins/other"),
        await program.delete(f"/secrets/{made['id']}/plugins/other"),
        await program.post("/secrets", json={"name": "NEW", "value": VALUE, "plugins": ["other"]}),
        await reads.get("/secrets"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "key_too_narrow")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": "short"}, "fewer than 8 characters"),
        ({"value": "  short  "}, "could not be masked"),
        ({"value": "12341234"}, "same few characters"),
        ({"value": "x" * 32_769}, "more than 32768 bytes"),
        ({"value": "éàüöß" * 4_000}, "32768 bytes"),
        ({"value": 12345678}, "string"),
        ({"name": "no name"}, "pattern"),
        ({"name": ""}, "pattern"),
        ({"name": "N" * 101}, "100"),
        ({"for_all": "yes"}, "boolean"),
        ({"plugins": ["No Name"]}, "pattern"),
        ({"unknown": 1}, "not a known field"),
    ],
)
async def test_what_is_no_secret_is_refused_and_not_repeated(
    user: httpx.AsyncClient, changes: dict[str, Any], words: str
) -> None:
    refused = await user.post("/secrets", json={"name": "TOKEN", "value": VALUE, **changes})

    assert refused.status_code == 422, refused.text
    assert words in refused.json()["errors"][0]["message"]
    assert str(changes.get("value", VALUE)) not in refused.text
    assert await names(user) == []


async def test_there_is_an_end_to_them(user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operation_server.secrets.changes.MOST_OF_AN_ACCOUNT", 1)
    await put(user)
    refused = await user.post("/secrets", json={"name": "SECOND", "value": VALUE})

    assert (refused.status_code, refused.json()["code"]) == (409, "secret_quota_reached")


async def test_without_a_key_nothing_is_stored(settings: OperationSettings, engine: AsyncEngine) -> None:
    keyless = settings.model_copy(update={"secrets": SecretSettings(key=None)})
    async with started(create_app(keyless)) as stranger:
        admin = await log_in(stranger, ADMIN)
        refused = await admin.post("/secrets", json={"name": "TOKEN", "value": VALUE})
        assert (refused.status_code, refused.json()["code"]) == (503, "secrets_not_set_up")
        assert "SATELLITE_SECRETS_KEY" in refused.json()["detail"]
        assert await names(admin) == []
