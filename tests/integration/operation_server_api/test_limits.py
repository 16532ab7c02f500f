"""How often callers may ask, and how much they may have in the queue, through every door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.limits.rates import CREDIT_SHARE, WINDOW_S
from operation_server.main import create_app
from operation_server.settings import LimitSettings, OperationSettings
from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, started

Submit = Callable[..., Awaitable[dict[str, Any]]]

JOB = {"plugin_name": "adder", "input_data": {"n": 1}}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for Redis than an API should: where nothing was counted, these tests would see it."""
    monkeypatch.setattr("operation_server.limits.rates.ANSWER_WITHIN_S", 20.0)


async def limit(admin: httpx.AsyncClient, client: httpx.AsyncClient, **limits: Any) -> None:
    """Set the limits of a client's account."""
    account = (await client.get("/users/me")).json()["id"]
    answer = await admin.put(f"/users/{account}/limits", json=limits)
    assert answer.status_code == 200, answer.text
    # What was taken ahead at the former rate is paid off first.
    await asyncio.sleep(2 * WINDOW_S / CREDIT_SHARE)


class TestRequests:
    async def test_answers_tell_what_is_left(self, user: httpx.AsyncClient) -> None:
        headers = (await user.get("/jobs")).headers

        assert headers["ratelimit-policy"] == '"user";q=600000;w=60, "address";q=600000;w=60'
        assert headers["ratelimit"].startswith('"user";r=')
        assert headers["ratelimit-limit"] == "600000"
        assert 599_900 < int(headers["ratelimit-remaining"]) < 600_000
        assert int(headers["ratelimit-reset"]) >= 1

    async def test_beyond_a_users_rate_is_429_for_them_alone(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        await limit(admin, user, requests_per_minute=2)
        answers = [await user.get("/users/me") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        refused = answers[2]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_exceeded"
        assert "2 requests a minute" in refused.json()["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.headers["ratelimit-policy"].startswith('"user";q=2;w=60')
        assert (await other.get("/users/me")).status_code == 200

    async def test_a_key_has_a_rate_beside_its_accounts(self, user: httpx.AsyncClient) -> None:
        made = (await user.post("/api-keys", json={"name": "slow", "requests_per_minute": 2})).json()
        key = {"X-API-Key": made["key"], "Authorization": ""}
        answers = [await user.get("/users/me", headers=key) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert '"key";q=2;w=60' in answers[2].headers["ratelimit-policy"]
        assert (await user.get("/users/me")).status_code == 200
        assert (await user.get("/api-keys")).json()["items"][0]["requests_per_minute"] == 2

    @pytest.mark.parametrize("wanted", [None, 101])
    async def test_a_key_makes_none_that_may_ask_more(
        self, user: httpx.AsyncClient, wanted: int | None
    ) -> None:
        made = (await user.post("/api-keys", json={"name": "slow", "requests_per_minute": 100})).json()
        key = {"X-API-Key": made["key"], "Authorization": ""}

        refused = await user.post(
            "/api-keys", json={"name": "child", "requests_per_minute": wanted}, headers=key
        )

        assert (refused.status_code, refused.json()["code"]) == (403, "key_too_narrow")

    @pytest.fixture
    async def few(self, settings: OperationSettings) -> AsyncIterator[httpx.AsyncClient]:
        """A client without a token of an API that takes five requests a minute from an address."""
        limits = LimitSettings(address_requests_per_minute=5)
        async with started(create_app(settings.model_copy(update={"limits": limits}))) as client:
            yield client

    async def test_an_addresss_rate_holds_for_strangers_wrong_tokens_and_logins(
        self, few: httpx.AsyncClient
    ) -> None:
        wrong = {"Authorization": "Bearer nonsense"}
        answers = [
            await few.get("/jobs"),
            await few.get("/jobs", headers=wrong),
            await few.post("/auth/token", json={**ADMIN, "password": "wrong"}),
            await few.post("/auth/token", json=ADMIN),
            await few.post("/jobs", json=JOB),
            await few.get("/jobs", headers=wrong),
            await few.post("/auth/token", json=ADMIN),
        ]

        assert [one.status_code for one in answers] == [401, 401, 401, 200, 401, 429, 429]
        assert "www-authenticate" not in answers[5].headers

    async def test_probes_are_not_counted(self, few: httpx.AsyncClient) -> None:
        answers = [await few.get("http://satellite/health") for _ in range(7)]

        assert {answer.status_code for answer in answers} == {200}


class TestSubmissions:
    async def test_every_door_counts_each_job(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit, engine: AsyncEngine
    ) -> None:
        failed = [(await submit())["id"] for _ in range(2)]
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET status = 'failed'"))
        await limit(admin, user, submissions_per_minute=10)

        assert (await user.post("/jobs/batch", json={"jobs": [JOB] * 4})).status_code == 202
        assert (await user.post(f"/jobs/{failed[0]}/retry")).status_code == 202
        assert (await user.post(f"/dead-letters/{failed[1]}/replay")).status_code == 202
        assert (await user.post("/jobs", json=JOB)).status_code == 202
        refused = await user.post("/jobs/batch", json={"jobs": [JOB] * 9})

        assert refused.status_code == 429
        assert "10 jobs a minute" in refused.json()["detail"]

    async def test_the_same_key_again_counts_no_more(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: dict[str, Any]
    ) -> None:
        await limit(admin, user, submissions_per_minute=1)
        answers = [await user.post("/jobs", json=JOB, headers={"Idempotency-Key": "once"}) for _ in range(3)]

        assert {answer.status_code for answer in answers} == {202}
        assert (await user.post("/jobs", json=JOB)).status_code == 429

    async def test_what_is_refused_is_not_stored(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        await limit(admin, user, submissions_per_minute=1)
        await submit()

        assert (await user.post("/jobs", json=JOB)).status_code == 429
        assert (await user.post("/jobs/batch", json={"jobs": [JOB]})).status_code == 429
        assert (await user.get("/jobs")).json()["total"] == 1


class TestQueue:
    async def test_no_more_wait_than_may(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        job = await submit()
        await limit(admin, user, max_queued=2)

        too_many = await user.post("/jobs/batch", json={"jobs": [JOB] * 2})
        last = await user.post("/jobs", json=JOB)
        beyond = await user.post("/jobs", json=JOB)

        assert (too_many.status_code, last.status_code, beyond.status_code) == (429, 202, 429)
        assert beyond.json()["code"] == "queue_quota_reached"
        assert int(beyond.headers["retry-after"]) >= 1
        assert (await other.post("/jobs", json=JOB)).status_code == 202

        await user.post(f"/jobs/{job['id']}/cancel")
        await limit(admin, user, max_queued=2)
        assert (await user.post("/jobs", json=JOB)).status_code == 202
        assert (await user.post(f"/jobs/{job['id']}/retry")).status_code == 429

    async def test_versions_of_all_plugins_count_together(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, submit: Submit
    ) -> None:
        await submit()
        await user.post("/plugins", json={**MANIFEST, "version": "2.0.0"})
        await submit(plugin_version="2.0.0")
        await limit(admin, user, max_queued=2)

        assert (await user.post("/jobs", json=JOB)).status_code == 429

    async def test_a_replay_stops_at_the_limit_and_says_so(
        self,
        user: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        submit: Submit,
        engine: AsyncEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("operation_server.deadletters.service.REPLAYED_AT_ONCE", 2)
        for _ in range(5):
            await submit()
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET status = 'failed'"))
        await limit(admin, user, max_queued=4)

        done = (await user.post("/dead-letters/replay", json={})).json()
        again = await user.post("/dead-letters/replay", json={})

        assert (done["replayed"], done["stopped_by"]) == (4, "queue_quota_reached")
        assert again.status_code == 429
        assert (await user.get("/dead-letters")).json()["total"] == 1


class TestSettingThem:
    async def test_admins_alone_see_and_set_them(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        me = (await user.get("/users/me")).json()["id"]
        path = f"/users/{me}/limits"
        own = {
            "max_running": 3,
            "max_queued": 9,
            "stored_bytes": 0,
            "submissions_per_minute": None,
            "requests_per_minute": 50,
        }

        assert (await user.get(path)).status_code == (await user.put(path, json={})).status_code == 403
        put = (await admin.put(path, json=own)).json()

        assert put == (await admin.get(path)).json()
        assert put["own"] == own
        assert put["in_force"] == {**own, "submissions_per_minute": 600_000}
        (told,) = (await admin.get("/audit", params={"action": "account.limit"})).json()["items"]
        assert (told["object_id"], told["detail"]) == (str(me), own)

        cleared = (await admin.put(path, json={})).json()
        assert set(cleared["own"].values()) == {None}
        assert (await admin.get("/users/999/limits")).status_code == 404
        assert (await admin.put("/users/999/limits", json={})).status_code == 404

    @pytest.mark.parametrize(
        "limits", [{"max_queued": -1}, {"requests_per_minute": 0}, {"max_running": "4"}, {"speed": 1}]
    )
    async def test_what_is_no_limit_is_422(self, admin: httpx.AsyncClient, limits: dict[str, Any]) -> None:
        assert (await admin.put("/users/1/limits", json=limits)).status_code == 422
