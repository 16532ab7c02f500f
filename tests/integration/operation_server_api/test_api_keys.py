"""API keys: what they open, and for how long."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.accounts.callers import Callers
from operation_server.accounts.keys.usage import KeyUsage
from operation_server.database.connections import Connections
from tests.integration.operation_server_api.conftest import MANIFEST

JOB = {"plugin_name": "adder", "input_data": {"n": 1}}


async def make(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api-keys", json={"name": "of a test", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def by_key(client: httpx.AsyncClient, made: dict[str, Any] | str) -> httpx.AsyncClient:
    """A client that shows nothing but a key."""
    key = made if isinstance(made, str) else made["key"]
    return httpx.AsyncClient(
        transport=client._transport, base_url=client.base_url, headers={"X-API-Key": key}
    )


async def test_a_key_is_shown_once_and_does_what_its_account_may(
    user: httpx.AsyncClient, adder: Any, engine: AsyncEngine
) -> None:
    made = await make(user, name=" nightly import ")
    program = by_key(user, made)

    assert made["key"].startswith(f"sat_{made['id']}_")
    assert made["name"] == "nightly import"
    assert (await program.get("/users/me")).json()["email"] == "ada@example.com"
    assert (await program.post("/jobs", json=JOB)).status_code == 202
    assert (await program.get("/users")).status_code == 403
    listed = (await user.get("/api-keys")).json()
    assert listed == {"total": 1, "items": [{k: v for k, v in made.items() if k != "key"}]}
    async with engine.connect() as connection:
        stored = await connection.scalar(text("SELECT k::text FROM api_keys k"))
    assert made["key"].split("_", 2)[2][:43] not in stored


async def test_the_keys_of_one_account(user: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    theirs, ours = await make(user), await make(admin)

    async def listed(client: httpx.AsyncClient, user_id: int) -> list[int]:
        answer = (await client.get("/api-keys", params={"user_id": user_id})).json()
        assert answer["total"] == len(answer["items"])
        return [key["id"] for key in answer["items"]]

    assert await listed(admin, theirs["user_id"]) == [theirs["id"]]
    assert await listed(admin, ours["user_id"]) == [ours["id"]]
    assert await listed(user, theirs["user_id"]) == [theirs["id"]]
    assert await listed(user, ours["user_id"]) == []


async def test_what_a_key_may_is_told_to_it(user: httpx.AsyncClient) -> None:
    reads = by_key(user, await make(user, permissions=["jobs:read"]))

    assert (await reads.get("/users/me")).json()["permissions"] == {"jobs:read": "own"}


async def test_permissions_and_plugins_narrow_it(user: httpx.AsyncClient, adder: Any) -> None:
    await user.post("/plugins", json=MANIFEST | {"name": "other"})
    ours = (await user.post("/jobs", json=JOB)).json()["id"]
    others = (await user.post("/jobs", json=JOB | {"plugin_name": "other"})).json()["id"]
    reads = by_key(user, await make(user, permissions=["jobs:read"]))
    adds = by_key(user, await make(user, plugins=["adder"]))

    assert (await reads.get(f"/jobs/{ours}")).status_code == 200
    for refused in (
        await reads.post("/jobs", json=JOB),
        await reads.post(f"/jobs/{ours}/cancel"),
        await reads.get("/plugins"),
        await reads.post("/api-keys", json={"name": "wider"}),
        await adds.post("/jobs", json=JOB | {"plugin_name": "other"}),
        await adds.post("/jobs/batch", json={"jobs": [JOB, JOB | {"plugin_name": "other"}]}),
        await adds.get(f"/jobs/{others}"),
        await adds.get(f"/jobs/{others}/logs"),
        await adds.get(f"/jobs/{others}/explain"),
        await adds.post(f"/jobs/{others}/cancel"),
        await adds.get("/results/stats/summary"),
        await adds.get("/events"),
        await adds.post("/plugins", json=MANIFEST | {"name": "third"}),
        await adds.delete("/plugins/other"),
        await adds.post("/api-keys", json={"name": "wider"}),
        await adds.post("/api-keys", json={"name": "wider", "plugins": ["other"]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "key_too_narrow"), refused.url
    assert (await adds.post("/jobs", json=JOB)).status_code == 202
    assert {job["plugin_name"] for job in (await adds.get("/jobs")).json()["items"]} == {"adder"}
    cancelled = (await adds.post("/jobs/cancel", json={"ids": [ours, others]})).json()
    assert cancelled == {"cancelled": 1, "cancelling": 0, "already_finished": 0}
    assert (await user.get(f"/jobs/{others}")).json()["status"] == "queued"
    assert (await by_key(user, await make(adds, plugins=["adder"])).get(f"/jobs/{ours}")).status_code == 200


async def test_a_key_gives_no_more_than_its_maker_has(user: httpx.AsyncClient) -> None:
    answer = await user.post("/api-keys", json={"name": "too much", "permissions": ["accounts:manage"]})
    unknown = await user.post("/api-keys", json={"name": "unknown", "permissions": ["everything"]})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert unknown.status_code == 422


async def test_others_keys_do_not_exist(
    user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await make(user)
    program = by_key(user, made)

    assert (await other.delete(f"/api-keys/{made['id']}")).status_code == 404
    assert (await other.get("/api-keys")).json()["total"] == 0
    assert (await program.get("/users/me")).status_code == 200
    assert (await admin.get("/api-keys")).json()["total"] == 1
    for _ in range(2):
        assert (await admin.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await program.get("/users/me")).status_code == 401
    assert (await user.get("/api-keys")).json()["items"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "lost",
    [
        "UPDATE api_keys SET expires_at = now()",
        "UPDATE api_keys SET revoked_at = now()",
        "UPDATE users SET is_active = false",
    ],
)
async def test_it_ends_on_every_process_within_what_is_remembered(
    user: httpx.AsyncClient, engine: AsyncEngine, lost: str
) -> None:
    program = by_key(user, await make(user))
    assert (await program.get("/users/me")).status_code == 200
    async with engine.begin() as connection:
        await connection.execute(text(lost))
    callers: Callers = user._transport.app.state.services[Callers]  # type: ignore[attr-defined]
    callers.forget()

    refused = await program.get("/users/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "key_refused")


async def test_what_is_no_key_costs_no_statement(user: httpx.AsyncClient) -> None:
    made = await make(user)
    key = made["key"]
    connections: Connections = user._transport.app.state.services[Callers]._connections  # type: ignore[attr-defined]
    statements: list[str] = []
    engine = connections._statements.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))

    for wrong in (key[:-1], key[:-1] + "x", "sat_1_x", "x" * 60, key[:30] + "~" + key[31:]):
        assert (await by_key(user, wrong).get("/users/me")).status_code == 401
    assert statements == []
    # One whose checksum fits is looked for, and is not the one.
    assert (await by_key(user, made).get("/users/me")).status_code == 200
    assert len(statements) == 1


async def test_last_use_is_written_once_for_many(user: httpx.AsyncClient, engine: AsyncEngine) -> None:
    made = await make(user)
    program = by_key(user, made)
    for _ in range(5):
        await program.get("/users/me")
    assert (await user.get("/api-keys")).json()["items"][0]["last_used_at"] is None

    usage: KeyUsage = user._transport.app.state.services[KeyUsage]  # type: ignore[attr-defined]
    await usage.write()

    assert (await user.get("/api-keys")).json()["items"][0]["last_used_at"] is not None
