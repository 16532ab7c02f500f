"""Logging in, and who may do what with accounts."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, NEW, log_in


class TestToken:
    async def test_json_and_form_both_log_in(self, stranger: httpx.AsyncClient) -> None:
        by_json = await stranger.post("/auth/token", json=ADMIN)
        by_form = await stranger.post("/auth/token", data={**ADMIN, "grant_type": "password"})

        assert by_json.status_code == by_form.status_code == 200
        assert by_json.json()["token_type"] == "bearer"
        assert by_form.json()["expires_in"] == 3600

    @pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody@example.com"}])
    async def test_wrong_credentials_are_401_and_do_not_say_which(
        self, stranger: httpx.AsyncClient, change: dict[str, str]
    ) -> None:
        answer = await stranger.post("/auth/token", json={**ADMIN, **change})

        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["detail"] == "The address or the password is wrong."

    async def test_a_malformed_login_is_400_and_does_not_repeat_the_password(
        self, stranger: httpx.AsyncClient
    ) -> None:
        answer = await stranger.post("/auth/token", json={"password": "the admin's password"})
        broken = await stranger.post(
            "/auth/token", content=b"{", headers={"content-type": "application/json"}
        )

        nothing = await stranger.post("/auth/token")

        assert answer.status_code == broken.status_code == nothing.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/username"]
        assert "the admin's password" not in answer.text

    async def test_a_ticket_opens_no_route(
        self, admin: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        ticket = (await admin.post("/auth/ws-ticket")).json()["ticket"]

        answer = await stranger.get("/users/me", headers={"Authorization": f"Bearer {ticket}"})

        assert answer.status_code == 401

    async def test_a_closed_account_is_locked_out(
        self, user: httpx.AsyncClient, stranger: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE users SET is_active = false WHERE role = 'user'"))

        credentials = {"username": "ada@example.com", "password": "analytical engine"}
        assert (await stranger.post("/auth/token", json=credentials)).status_code == 401
        assert (await user.get("/users/me")).status_code == 401


class TestContract:
    """What users were promised, field by field."""

    async def test_a_new_account(self, admin: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
        made = await admin.post("/users", json=NEW)
        again = await admin.post("/users", json=NEW)
        login = {"username": NEW["email"], "password": NEW["password"]}
        token = (await stranger.post("/auth/token", json=login)).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        me = await stranger.get("/users/me", headers=bearer)

        assert (made.status_code, again.status_code) == (201, 409)
        assert made.json().items() >= {
            "email": "newuser@example.com", "full_name": "Jane Doe", "is_active": True,
        }.items()  # fmt: skip
        assert datetime.fromisoformat(made.json()["created_at"]).tzinfo is not None
        assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)
        assert me.json().items() >= made.json().items()
        assert "password" not in made.text

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"email": "not-an-address"}, "/email"),
            ({"email": "jane@"}, "/email"),
            ({"email": "jane doe@example.com"}, "/email"),
            ({"email": "jane@example.com\n"}, "/email"),
            ({"email": ""}, "/email"),
            ({"password": "short"}, "/password"),
            ({"password": "12345678"}, "/password"),
            ({"password": "password123"}, "/password"),
            ({"password": "aaaaaaaaaaaaaaaa"}, "/password"),
            ({"password": "newuser@example.com"}, "/password"),
            ({"password": ""}, "/password"),
        ],
    )
    async def test_a_weak_password_or_a_bad_address_is_400(
        self, admin: httpx.AsyncClient, change: dict[str, str], pointer: str
    ) -> None:
        answer = await admin.post("/users", json=NEW | change)

        assert (answer.status_code, answer.json()["code"]) == (400, "account_invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert (await admin.get("/users")).json()["total"] == 1

    async def test_an_address_is_the_same_in_capitals(
        self, admin: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        await admin.post("/users", json=NEW)
        again = await admin.post("/users", json=NEW | {"email": "NewUser@Example.COM"})
        login = {"username": "NEWUSER@example.com", "password": NEW["password"]}

        assert again.status_code == 409
        assert (await stranger.post("/auth/token", json=login)).status_code == 200

    async def test_an_account_of_an_older_release_logs_in_by_its_name(
        self, admin: httpx.AsyncClient, stranger: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        await admin.post("/users", json=NEW)
        for name in ("Jane", "Jane@Example.com"):
            async with engine.begin() as connection:
                await connection.execute(
                    text("UPDATE users SET username = :name WHERE full_name = 'Jane Doe'"), {"name": name}
                )
            login = {"username": name, "password": NEW["password"]}
            assert (await stranger.post("/auth/token", json=login)).status_code == 200
        assert (await admin.get("/users")).json()["items"][1]["email"] == "Jane@Example.com"

    async def test_a_plugin_tells_its_image_by_both_names(self, admin: httpx.AsyncClient) -> None:
        by_url = {key: value for key, value in MANIFEST.items() if key != "docker_image"}
        made = await admin.post("/plugins", json=by_url | {"docker_image_url": "r.example.com/adder:1"})
        read = await admin.get("/plugins/adder")
        listed = (await admin.get("/plugins")).json()["items"][0]

        assert made.status_code == 201, made.text
        for plugin in (made.json(), read.json(), listed):
            assert plugin["docker_image"] == plugin["docker_image_url"] == "r.example.com/adder:1"


class TestUsers:
    async def test_me(self, user: httpx.AsyncClient) -> None:
        me = (await user.get("/users/me")).json()

        assert me["email"] == "ada@example.com"
        assert me["role"] == "user"
        assert "password_hash" not in me

    async def test_only_admins_open_and_list_accounts(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        body = {"email": "eve@example.com", "password": "the first to listen"}

        assert (await user.post("/users", json=body)).status_code == 403
        assert (await user.get("/users")).status_code == 403
        assert (await admin.post("/users", json=body)).status_code == 201
        assert (await admin.post("/users", json=body)).status_code == 409
        assert (await admin.get("/users")).json()["total"] == 3

    async def test_accounts_are_found_by_a_part_of_their_address_or_name(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        made = (await admin.post("/users", json=NEW | {"full_name": "Jane 50% Doe"})).json()

        async def found(search: str) -> list[str]:
            answer = (await admin.get("/users", params={"search": search})).json()
            assert answer["total"] == len(answer["items"])
            return [account["email"] for account in answer["items"]]

        assert await found("ADA@") == ["ada@example.com"]
        assert await found("jane 50%") == [NEW["email"]]
        assert await found("d_a") == []
        assert len(await found("")) == 3
        assert (await admin.get(f"/users/{made['id']}")).json() == made
        assert (await admin.get("/users/999")).json()["code"] == "account_not_found"
        assert (await user.get(f"/users/{made['id']}")).status_code == 403

    async def test_accounts_are_told_what_they_may(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        mine = (await user.get("/users/me")).json()["permissions"]
        of_admin = (await admin.get("/users/me")).json()["permissions"]

        assert (mine["jobs:read"], mine["plugins:read"]) == ("own", "all")
        assert "accounts:manage" not in mine
        assert set(of_admin.values()) == {"all"}
        assert "accounts:manage" in of_admin

    async def test_unknown_fields_are_422(self, admin: httpx.AsyncClient) -> None:
        answer = await admin.post("/users", json=NEW | {"rôle": "admin"})

        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "/rôle", "message": "is not a known field"}]

    async def test_admins_change_roles_limits_and_activity(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        me = (await user.get("/users/me")).json()
        path = f"/users/{me['id']}"

        assert (await user.patch(path, json={"role": "admin"})).status_code == 403
        limited = (await admin.patch(path, json={"max_running": 2})).json()
        promoted = (await admin.patch(path, json={"role": "admin"})).json()
        # A token says who somebody was, with the role of that time.
        assert (await user.get("/users/me")).status_code == 401
        user = await log_in(stranger, {"username": "ada@example.com", "password": "analytical engine"})
        unlimited = (await user.patch(path, json={"max_running": None})).json()
        closed = (await admin.patch(path, json={"is_active": False})).json()

        assert (limited["max_running"], limited["role"]) == (2, "user")
        assert (promoted["max_running"], promoted["role"]) == (2, "admin")
        assert unlimited["max_running"] is None
        assert closed["is_active"] is False
        assert (await user.get("/users/me")).status_code == 401
        assert (await admin.patch("/users/999", json={"role": "user"})).status_code == 404
        assert (await admin.patch(path, json={"max_running": 0})).status_code == 422
        assert (await admin.patch(path, json={})).status_code == 200

    @pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}])
    async def test_nobody_locks_themselves_out(
        self, admin: httpx.AsyncClient, change: dict[str, object]
    ) -> None:
        me = (await admin.get("/users/me")).json()

        assert (await admin.patch(f"/users/{me['id']}", json=change)).status_code == 409
        assert (await admin.patch(f"/users/{me['id']}", json={"role": "admin"})).status_code == 200
