"""Logins that last, tickets, and logins that fail too often."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.accounts import passwords
from operation_server.accounts.callers import Callers
from operation_server.accounts.errors import TokenRefused
from operation_server.accounts.sessions import login
from operation_server.main import create_app
from operation_server.settings import OperationSettings
from tests.integration.operation_server_api.conftest import ADMIN, NEW, log_in, open_account, started

ADA = {"username": "ada@example.com", "password": "analytical engine"}


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/auth/refresh", json={"refresh_token": token})


async def me(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def forget(engine: AsyncEngine, seconds: int) -> None:
    """Let all uses of refresh tokens be longer ago."""
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => :s)"), {"s": seconds}
        )


class TestRefresh:
    async def test_each_token_is_good_for_one_use(self, stranger: httpx.AsyncClient) -> None:
        first = (await stranger.post("/auth/token", json=ADMIN)).json()
        second = (await refresh(stranger, first["refresh_token"])).json()
        third = (await refresh(stranger, second["refresh_token"])).json()

        assert len({each["refresh_token"] for each in (first, second, third)}) == 3
        assert {each["refresh_expires_at"] for each in (second, third)} == {first["refresh_expires_at"]}
        assert await me(stranger, third["access_token"]) == 200
        assert (await refresh(stranger, "never issued")).status_code == 401
        assert (await refresh(stranger, "")).status_code == 422

    async def test_of_several_at_once_one_is_answered_and_nothing_ends(
        self, stranger: httpx.AsyncClient
    ) -> None:
        first = (await stranger.post("/auth/token", json=ADMIN)).json()
        answers = await asyncio.gather(*(refresh(stranger, first["refresh_token"]) for _ in range(6)))

        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
        won = next(answer for answer in answers if answer.status_code == 200).json()
        assert await me(stranger, won["access_token"]) == await me(stranger, first["access_token"]) == 200
        assert (await refresh(stranger, won["refresh_token"])).status_code == 200

    async def test_one_used_again_later_ends_its_login_and_no_other(
        self, stranger: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        elsewhere = (await stranger.post("/auth/token", json=ADMIN)).json()
        stolen = (await stranger.post("/auth/token", json=ADMIN)).json()
        newest = (await refresh(stranger, stolen["refresh_token"])).json()
        await forget(engine, 11)
        again = await refresh(stranger, stolen["refresh_token"])

        assert (again.status_code, again.json()["code"]) == (401, "token_refused")
        assert (await refresh(stranger, newest["refresh_token"])).status_code == 401
        other = await refresh(stranger, elsewhere["refresh_token"])
        assert other.status_code == 200
        await forget_callers(stranger)
        assert await me(stranger, newest["access_token"]) == 401
        assert await me(stranger, other.json()["access_token"]) == 200

    async def test_logout_ends_the_login(self, stranger: httpx.AsyncClient) -> None:
        first = (await stranger.post("/auth/token", json=ADMIN)).json()
        second = (await refresh(stranger, first["refresh_token"])).json()
        for _ in range(2):
            done = await stranger.post("/auth/logout", json={"refresh_token": first["refresh_token"]})
            assert done.status_code == 204
        assert (await refresh(stranger, second["refresh_token"])).status_code == 401

    async def test_it_ends_with_its_time_its_account_and_its_password(
        self,
        stranger: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
    ) -> None:
        user_id = (await user.get("/users/me")).json()["id"]
        path = f"/users/{user_id}"
        old, kept = [(await stranger.post("/auth/token", json=ADA)).json() for _ in range(2)]
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE refresh_tokens SET expires_at = now() WHERE user_id = :id"), {"id": user_id}
            )
        assert (await refresh(stranger, old["refresh_token"])).status_code == 401
        kept = (await stranger.post("/auth/token", json=ADA)).json()
        promoted = await admin.patch(path, json={"role": "viewer"})
        assert promoted.status_code == 200
        kept = (await refresh(stranger, kept["refresh_token"])).json()
        assert await me(stranger, kept["access_token"]) == 200
        await admin.patch(path, json={"is_active": False})
        assert (await refresh(stranger, kept["refresh_token"])).status_code == 401
        await admin.patch(path, json={"is_active": True})
        assert await me(stranger, kept["access_token"]) == 401
        kept = (await stranger.post("/auth/token", json=ADA)).json()
        reset = await admin.put(f"{path}/password", json={"password": "difference engine"})
        assert reset.status_code == 204
        assert (await refresh(stranger, kept["refresh_token"])).status_code == 401
        assert await me(stranger, kept["access_token"]) == 401
        assert (await stranger.post("/auth/token", json=ADA)).status_code == 401
        assert (
            await stranger.post("/auth/token", json=ADA | {"password": "difference engine"})
        ).status_code == 200

    async def test_no_secret_is_stored(self, stranger: httpx.AsyncClient, engine: AsyncEngine) -> None:
        token = (await stranger.post("/auth/token", json=ADMIN)).json()["refresh_token"]
        async with engine.connect() as connection:
            stored = await connection.scalar(text("SELECT string_agg(t::text, ' ') FROM refresh_tokens t"))
        assert token not in stored
        assert token.encode().hex() not in stored


async def forget_callers(client: httpx.AsyncClient) -> None:
    """Let the process look its callers up again, as it does after three seconds."""
    app: FastAPI = client._transport.app  # type: ignore[attr-defined]
    app.state.services[Callers].forget()


class TestPasswords:
    async def test_one_changes_ones_own(self, user: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
        body = {"current_password": ADA["password"], "password": "difference engine"}
        wrong = await user.put("/users/me/password", json=body | {"current_password": "a guess"})
        weak = await user.put("/users/me/password", json=body | {"password": "12345678"})
        done = await user.put("/users/me/password", json=body)

        assert (wrong.status_code, weak.status_code, done.status_code) == (401, 400, 204)
        assert (await user.get("/users/me")).status_code == 401
        assert (
            await stranger.post("/auth/token", json=ADA | {"password": "difference engine"})
        ).status_code == 200

    async def test_only_admins_reset_others(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        path = f"/users/{(await other.get('/users/me')).json()['id']}/password"
        body = {"password": "difference engine"}

        assert (await user.put(path, json=body)).status_code == 403
        assert (await admin.put(path, json={"password": "password123"})).status_code == 400
        assert (await admin.put("/users/999/password", json=body)).status_code == 404
        assert (await other.get("/users/me")).status_code == 200


class TestTicket:
    async def test_of_several_uses_at_once_one_wins(
        self, admin: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        ticket = (await admin.post("/auth/ws-ticket")).json()["ticket"]
        callers: Callers = stranger._transport.app.state.services[Callers]  # type: ignore[attr-defined]
        found = await asyncio.gather(*(callers.of_ticket(ticket) for _ in range(8)), return_exceptions=True)

        assert sorted(type(each).__name__ for each in found) == ["Account"] + ["TokenRefused"] * 7

    @pytest.mark.parametrize(
        "lost",
        [
            "UPDATE ws_tickets SET expires_at = now()",
            "UPDATE users SET is_active = false",
            "UPDATE users SET auth_epoch = auth_epoch + 1",
        ],
    )
    async def test_it_ends_with_its_time_and_its_account(
        self, admin: httpx.AsyncClient, engine: AsyncEngine, lost: str
    ) -> None:
        ticket = (await admin.post("/auth/ws-ticket")).json()["ticket"]
        async with engine.begin() as connection:
            await connection.execute(text(lost))
        callers: Callers = admin._transport.app.state.services[Callers]  # type: ignore[attr-defined]
        with pytest.raises(TokenRefused):
            await callers.of_ticket(ticket)


class TestFailures:
    async def test_who_is_refused_takes_one_way(
        self,
        stranger: httpx.AsyncClient,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        checked: list[str] = []
        verify = passwords._verify

        def count(hashed: str, password: str) -> bool:
            checked.append(hashed.rpartition("$")[0].rpartition("$")[0])
            return verify(hashed, password)

        monkeypatch.setattr(passwords, "_verify", count)
        wrong = await stranger.post("/auth/token", json=ADA | {"password": "a guess"})
        unknown = await stranger.post("/auth/token", json=ADA | {"username": "nobody@example.com"})
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE users SET is_active = false WHERE role = 'user'"))
        closed = await stranger.post("/auth/token", json=ADA)

        # The same work each time, and the same words.
        assert len(checked) == 3
        assert len(set(checked)) == 1
        told = [
            {k: v for k, v in each.json().items() if k != "request_id"} for each in (wrong, unknown, closed)
        ]
        assert told[0] == told[1] == told[2]

    async def test_the_next_after_some_waits_wherever_there_is_an_account(
        self, stranger: httpx.AsyncClient, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        for address in (ADA["username"], "nobody@example.com"):
            guess = {"username": address, "password": "a guess"}
            for _ in range(login.FREE_FAILURES):
                assert (await stranger.post("/auth/token", json=guess)).status_code == 401
            slowed = await stranger.post("/auth/token", json=guess | {"password": ADA["password"]})
            assert (slowed.status_code, slowed.json()["code"]) == (429, "login_slowed")
            assert int(slowed.headers["retry-after"]) == 1
        # Others are served, and so is the owner from elsewhere.
        assert (await stranger.post("/auth/token", json=ADMIN)).status_code == 200
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE login_failures SET source = '192.0.2.7'"))
        assert (await stranger.post("/auth/token", json=ADA)).status_code == 200

    async def test_waits_grow_and_end(self, stranger: httpx.AsyncClient, engine: AsyncEngine) -> None:
        guess = {"username": "nobody@example.com", "password": "a guess"}
        assert (await stranger.post("/auth/token", json=guess)).status_code == 401
        for failures, wait_s in ((8, 8), (100, 300)):
            async with engine.begin() as connection:
                await connection.execute(
                    text("UPDATE login_failures SET failures = :n, last_at = now()"), {"n": failures}
                )
            slowed = await stranger.post("/auth/token", json=guess)
            assert wait_s - 2 <= int(slowed.headers["retry-after"]) <= wait_s
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE login_failures SET last_at = now() - interval '16 minutes'")
            )
        assert (await stranger.post("/auth/token", json=guess)).status_code == 401
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT failures FROM login_failures")) == 1

    async def test_success_forgets(self, stranger: httpx.AsyncClient, engine: AsyncEngine) -> None:
        for _ in range(2):
            for _ in range(login.FREE_FAILURES - 1):
                await stranger.post("/auth/token", json=ADMIN | {"password": "a slip"})
            assert (await stranger.post("/auth/token", json=ADMIN)).status_code == 200
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM login_failures")) == 0


class TestSignUp:
    async def test_strangers_may_where_it_is_set(self, settings: OperationSettings) -> None:
        auth = settings.auth.model_copy(update={"open_sign_up": True})
        async with started(create_app(settings.model_copy(update={"auth": auth}))) as client:
            made = await client.post("/users", json=NEW)
            greedy = [
                await client.post("/users", json=NEW | {"email": "eve@example.com"} | more)
                for more in ({"role": "admin"}, {"max_running": 100})
            ]
            wrong = await client.post("/users", json=NEW, headers={"Authorization": "Bearer none"})
            signed_up = await log_in(client, {"username": NEW["email"], "password": NEW["password"]})

            assert (made.status_code, made.json()["role"], wrong.status_code) == (201, "user", 401)
            assert [answer.status_code for answer in greedy] == [403, 403]
            assert (await signed_up.get("/users")).status_code == 403

    async def test_else_they_may_not(self, stranger: httpx.AsyncClient) -> None:
        assert (await stranger.post("/users", json=NEW)).status_code == 401


async def test_admins_rename(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, user: httpx.AsyncClient
) -> None:
    path = f"/users/{(await user.get('/users/me')).json()['id']}"
    renamed = await admin.patch(path, json={"email": "Countess@Example.com", "full_name": "Ada King"})
    taken = await admin.patch(path, json={"email": ADMIN["username"]})
    bad = await admin.patch(path, json={"email": "countess"})

    assert (renamed.json()["email"], renamed.json()["full_name"]) == ("countess@example.com", "Ada King")
    assert (taken.status_code, bad.status_code) == (409, 400)
    # A name is not what one may do: tokens go on.
    assert (await user.get("/users/me")).json()["email"] == "countess@example.com"
    await log_in(stranger, ADA | {"username": "countess@example.com"})


async def test_a_viewer_reads_and_changes_nothing(
    stranger: httpx.AsyncClient, admin: httpx.AsyncClient, submit: object
) -> None:
    assert callable(submit)
    job = await submit()
    viewer = await open_account(
        stranger, admin, {"username": "eve@example.com", "password": "the first to listen"}, role="viewer"
    )

    assert (await viewer.get(f"/jobs/{job['id']}")).status_code == 200
    assert (await viewer.get("/jobs")).json()["total"] == 1
    refused = await viewer.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await viewer.post(f"/jobs/{job['id']}/cancel")).status_code == 403
    assert (await viewer.delete("/plugins/adder")).status_code == 403
    assert (await viewer.get("/users")).status_code == 403
