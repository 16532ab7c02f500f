"""Who did what to which object from where: told with the change, and to admins alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, log_in, set_job

Submit = Callable[..., Awaitable[dict[str, Any]]]


async def entries(admin: httpx.AsyncClient, **wanted: Any) -> list[dict[str, Any]]:
    """Return the entries that match, oldest first."""
    answer = await admin.get("/audit", params={"limit": 200, **wanted})
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


def told(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["actor"], one["object_id"], one["detail"]) for one in found]


class TestChanges:
    async def test_accounts(self, user: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        me = (await user.get("/users/me")).json()
        await admin.patch(f"/users/{me['id']}", json={"role": "admin", "max_running": None})

        (first, opened) = await entries(admin, action="account.open")
        (changed,) = await entries(admin, action="account.change")
        assert (first["actor_id"], first["actor"]) == (None, None)
        assert first["detail"]["email"] == ADMIN["username"]
        assert (opened["actor"], opened["object_type"]) == (ADMIN["username"], "account")
        assert opened["object_id"] == changed["object_id"] == str(me["id"])
        assert opened["detail"] == {"email": "ada@example.com", "role": "user"}
        assert changed["detail"] == {"role": "admin", "max_running": None}
        assert (changed["address"], changed["is_refused"]) == ("127.0.0.1", False)

    async def test_plugins(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        me = (await admin.get("/users/me")).json()
        await user.post("/plugins", json=MANIFEST)
        await admin.post("/plugins/adder/pause")
        await admin.patch("/plugins/adder/control", json={"max_running": 3})
        await user.delete("/plugins/adder?version=1.0.0")
        await user.put("/plugins/adder/owner", json={"owner_id": me["id"]})

        found = await entries(admin, object_type="plugin", object_id="adder")
        assert [one["action"] for one in found] == [
            "plugin.register",
            "plugin.control",
            "plugin.control",
            "plugin.delete",
            "plugin.hand_over",
        ]
        assert found[0]["detail"]["version"] == "1.0.0"
        assert told(found)[1:] == [
            (ADMIN["username"], "adder", {"is_paused": True}),
            (ADMIN["username"], "adder", {"max_running": 3}),
            ("ada@example.com", "adder", {"version": "1.0.0"}),
            ("ada@example.com", "adder", {"owner_id": me["id"]}),
        ]

    async def test_jobs_one_entry_each(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit, engine: AsyncEngine
    ) -> None:
        ids = [(await submit())["id"] for _ in range(4)]
        await user.post(f"/jobs/{ids[0]}/cancel")
        await user.post(f"/jobs/{ids[0]}/retry")
        await admin.post("/jobs/cancel", json={"ids": ids[1:3]})
        await set_job(engine, ids[3], "status = 'failed'")
        await user.post("/dead-letters/replay", json={"plugin_name": "adder"})

        found = await entries(admin, object_type="job")
        assert [(one["action"], one["actor"], one["object_id"]) for one in found] == [
            ("job.cancel", "ada@example.com", str(ids[0])),
            ("job.retry", "ada@example.com", str(ids[0])),
            ("job.cancel", ADMIN["username"], str(ids[1])),
            ("job.cancel", ADMIN["username"], str(ids[2])),
            ("job.replay", "ada@example.com", str(ids[3])),
        ]

    async def test_what_changes_nothing_leaves_no_entry(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        job = await submit()
        await user.post(f"/jobs/{job['id']}/retry")
        await admin.patch("/users/999", json={"max_running": 1})
        await admin.post("/jobs/cancel", json={"plugin_name": "unknown"})
        await user.delete("/plugins/adder")

        assert await entries(admin, object_type="job") == []
        assert await entries(admin, action="account.change") == []
        assert await entries(admin, action="plugin.delete") == []

    async def test_what_cannot_be_told_is_not_done(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        me = (await user.get("/users/me")).json()
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE audit_entries RENAME TO away"))

        answer = await admin.patch(f"/users/{me['id']}", json={"max_running": 1})

        assert answer.status_code >= 500
        assert (await user.get("/users/me")).json()["max_running"] is None


class TestLogins:
    async def test_right_and_wrong_ones(self, stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        await stranger.post("/auth/token", json={**ADMIN, "password": "wrong"})
        await stranger.post("/auth/token", json={"username": "nobody\0", "password": "wrong"})

        found = await entries(admin, action="account.log_in")
        assert [(one["actor"], one["is_refused"]) for one in found] == [
            (ADMIN["username"], False),
            (ADMIN["username"], True),
        ]
        assert found[0]["object_id"] == str(found[0]["actor_id"])
        assert found[1]["actor_id"] is None
        assert "wrong" not in json.dumps(found)


class TestRefusals:
    async def test_once_a_minute_with_what_was_asked(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        job = await submit()
        for _ in range(3):
            assert (await other.get(f"/jobs/{job['id']}")).status_code == 403
        await other.get("/users", headers={"X-Request-ID": "asked-by-grace"})
        await other.get("/jobs/999")

        found = await entries(admin, is_refused=True)
        assert [(one["actor"], one["object_id"], one["detail"]) for one in found] == [
            ("grace@example.com", f"GET /api/v1/jobs/{job['id']}", {"code": "job_not_yours"}),
            ("grace@example.com", "GET /api/v1/users", {"code": "admin_required"}),
        ]
        assert {one["action"] for one in found} == {"route.request"}
        assert found[1]["request_id"] == "asked-by-grace"

    async def test_they_stay_refused_when_they_cannot_be_told(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE audit_entries RENAME TO away"))

        assert (await user.get("/users")).status_code == 403


class TestSearch:
    async def test_only_admins_may(self, user: httpx.AsyncClient) -> None:
        assert (await user.get("/audit")).status_code == 403
        assert (await user.get("/audit/export")).status_code == 403

    async def test_pages_by_cursor_miss_and_repeat_nothing(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        ids = [str((await submit())["id"]) for _ in range(5)]
        # In one transaction, so that all have the same time.
        await admin.post("/jobs/cancel", json={"plugin_name": "adder"})

        seen, cursor = [], None
        while True:
            page = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            answer = (await admin.get("/audit", params={"action": "job.cancel", **page})).json()
            assert answer["total"] == 5
            seen += [one["object_id"] for one in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
            await user.post("/plugins", json={**MANIFEST, "version": f"1.0.{len(seen)}"})

        assert seen == list(reversed(ids))

    async def test_by_actor_address_and_time(self, user: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        (first, second) = await entries(admin, action="account.open")

        assert await entries(admin, action="account.open", until=second["at"]) == [first]
        assert await entries(admin, action="account.open", since=second["at"]) == [second]
        assert await entries(admin, actor=ADMIN["username"], action="account.open") == [second]
        assert await entries(admin, actor_id=second["actor_id"], action="account.open") == [second]
        assert await entries(admin, address="192.0.2.1") == []

    @pytest.mark.parametrize(
        "wanted",
        [
            {"cursor": "x"},
            {"cursor": "9" * 40 + "-1"},
            {"cursor": "1-" + "9" * 40},
            {"since": "2026-01-01T00:00:00"},
            {"action": "job.juggle"},
            {"limit": 0},
        ],
    )
    async def test_what_cannot_be_searched_for_is_422(
        self, admin: httpx.AsyncClient, wanted: dict[str, Any]
    ) -> None:
        answer = await admin.get("/audit", params=wanted)

        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


class TestExport:
    async def test_lines_of_json_oldest_first_and_an_entry_of_its_own(
        self,
        admin: httpx.AsyncClient,
        submit: Submit,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("operation_server.audit.service.EXPORTED_AT_ONCE", 2)
        ids = await asyncio.gather(*(submit() for _ in range(5)))
        await admin.post("/jobs/cancel", json={"plugin_name": "adder"})

        answer = await admin.get("/audit/export", params={"object_type": "job"})

        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines == await entries(admin, object_type="job")
        assert len(lines) == len(ids)
        assert len(await entries(admin, action="audit.export")) == 1

    async def test_nothing_is_an_empty_answer(self, admin: httpx.AsyncClient) -> None:
        assert (await admin.get("/audit/export", params={"object_type": "nothing"})).text == ""


async def test_an_account_keeps_the_name_it_had(
    stranger: httpx.AsyncClient, user: httpx.AsyncClient, admin: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET username = 'lovelace' WHERE role = 'user'"))
    await log_in(stranger, {"username": "lovelace", "password": "analytical engine"})

    names = [one["actor"] for one in await entries(admin, action="account.log_in")]
    assert names[-2:] == ["ada@example.com", "lovelace"]
