"""A version that is tried on part of what is asked, on the real database."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.inference.rollout_watch import RolloutWatch
from operation_server.live.event_publisher import EventPublisher
from tests.integration.operation_server_api.conftest import set_job
from tests.integration.registry.conftest import ONNX, SERVER, add_version

ROLLOUT = "/models/doubler/rollout"
COMPLETED = "status = 'completed', started_at = now(), completed_at = now(), result = '[2, 4]'"
FAILED = """status = 'failed', started_at = now(), completed_at = now(),
    error = '{"kind": "exit", "message": "no"}'"""


@pytest.fixture
async def versions(user: httpx.AsyncClient, doubler: dict[str, Any]) -> list[dict[str, Any]]:
    """Two versions, the first of which is the champion."""
    versions = [await add_version(user), await add_version(user, ONNX + b"x")]
    assert (await user.put("/models/doubler/aliases/champion", json={"version": 1})).status_code == 200
    return versions


@pytest.fixture
async def watch(engine: AsyncEngine, redis_url: str) -> AsyncIterator[RolloutWatch]:
    """What judges jobs of rollouts."""
    redis = Redis.from_url(redis_url)
    events = EventPublisher(engine=engine, redis=redis)
    yield RolloutWatch(engine, events)
    await events.aclose()
    await redis.aclose()


async def begin(client: httpx.AsyncClient, **settings: Any) -> dict[str, Any]:
    answer = await client.put(ROLLOUT, json={"candidate": 2} | settings)
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


async def ask(client: httpx.AsyncClient, model_name: str = "doubler", **fields: Any) -> dict[str, Any]:
    body = {"model_name": model_name, "data": [1, 2]} | fields
    answer = await client.post("/inference/submit", json=body)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestSettingOne:
    async def test_it_begins_changes_and_ends(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        assert code(await user.get(ROLLOUT)) == (404, "rollout_not_found")
        first = await user.put(ROLLOUT, json={"candidate": 2, "percent": 10})
        second = await user.put(ROLLOUT, json={"candidate": 2, "percent": 50})
        assert (first.status_code, second.status_code) == (201, 200)
        told = (await user.get(ROLLOUT)).json()
        assert (told["stable"], told["candidate"], told["percent"], told["status"]) == (1, 2, 50, "running")
        assert (await user.delete(ROLLOUT)).status_code == 204
        assert (await user.get(ROLLOUT)).json()["status"] == "stopped"
        assert code(await user.delete(ROLLOUT)) == (404, "rollout_not_found")

    async def test_what_makes_no_sense_is_refused(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        await user.post("/plugins", json=SERVER | {"name": "another"})
        await add_version(user, ONNX + b"y", plugin_name="another")
        answers = {
            key: code(await client.put(ROLLOUT, json=body))
            for key, client, body in (
                ("the champion", user, {"candidate": 1}),
                ("no version", user, {"candidate": 9}),
                ("no alias", user, {"candidate": 2, "alias": "rival"}),
                ("another plugin", user, {"candidate": 3}),
                ("not yours", other, {"candidate": 2}),
            )
        }
        assert answers == {
            "the champion": (400, "rollout_invalid"),
            "no version": (404, "model_version_not_found"),
            "no alias": (404, "model_alias_not_found"),
            "another plugin": (400, "rollout_invalid"),
            "not yours": (403, "model_not_yours"),
        }
        assert (await user.put(ROLLOUT, json={"candidate": 2, "percent": 101})).status_code == 422

    async def test_a_version_that_is_tried_stays(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        await begin(user, percent=10)
        assert code(await user.delete("/models/doubler/versions/2")) == (409, "model_version_in_use")
        await user.delete(ROLLOUT)
        assert (await user.delete("/models/doubler/versions/2")).status_code == 204

    @pytest.mark.parametrize(("version", "status"), [(2, "promoted"), (3, "superseded")])
    async def test_moving_the_alias_ends_it(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]], version: int, status: str
    ) -> None:
        await add_version(user, ONNX + b"z")
        await begin(user, percent=10)
        await user.put("/models/doubler/aliases/champion", json={"version": version})
        assert (await user.get(ROLLOUT)).json()["status"] == status
        assert (await ask(user))["model_version"] == version


class TestDivision:
    async def test_only_requests_by_the_alias_are_divided(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        await user.put("/models/doubler/aliases/other", json={"version": 1})
        await begin(user, percent=100)
        names = ("doubler", "doubler@champion", "doubler@other", "doubler@1")
        asked = [(await ask(user, name))["model_version"] for name in names]
        assert asked == [2, 2, 1, 1]

    async def test_one_key_is_answered_by_one_version(
        self, user: httpx.AsyncClient, versions: list[dict[str, Any]]
    ) -> None:
        await begin(user, percent=50)
        by_key = {
            key: {(await ask(user, split_key=key))["model_version"] for _ in range(3)}
            for key in (f"user-{number}" for number in range(12))
        }
        assert all(len(versions) == 1 for versions in by_key.values())
        assert {version for versions in by_key.values() for version in versions} == {1, 2}


class TestRollBack:
    async def test_a_candidate_that_fails_is_taken_back(
        self,
        user: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        engine: AsyncEngine,
        watch: RolloutWatch,
        versions: list[dict[str, Any]],
    ) -> None:
        await begin(user, percent=100)
        for _ in range(3):
            await set_job(engine, (await ask(user))["job_id"], FAILED)
        assert await watch.look() == 3
        told = (await user.get(ROLLOUT)).json()
        assert (told["status"], told["counts"]) == ("rolled_back", {"candidate": {"failed": 3}})
        assert told["reason"] == {
            "why": "failures", "arm": "candidate", "judged": 3, "ratio": 1.0, "most": 0.05,
        }  # fmt: skip
        assert (await ask(user))["model_version"] == 1
        entries = (await admin.get("/audit", params={"action": "model.roll_back"})).json()["items"]
        assert [(entry["actor"], entry["object_id"]) for entry in entries] == [(None, "doubler")]

    async def test_each_job_is_counted_once(
        self,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
        watch: RolloutWatch,
        versions: list[dict[str, Any]],
    ) -> None:
        await begin(user, percent=50)
        jobs = [await ask(user, split_key=str(number)) for number in range(10)]
        for job in jobs[:6]:
            await set_job(engine, job["job_id"], COMPLETED)
        assert [await watch.look(), await watch.look()] == [6, 0]
        counted = (await user.get(ROLLOUT)).json()["counts"]
        versions_of = Counter(job["model_version"] for job in jobs[:6])
        assert counted == {
            name: {"completed": versions_of[version]}
            for name, version in (("stable", 1), ("candidate", 2))
            if versions_of[version]
        }


class TestShadows:
    async def test_a_candidate_is_asked_what_was_answered_and_taken_back_if_it_differs(
        self,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
        watch: RolloutWatch,
        versions: list[dict[str, Any]],
    ) -> None:
        await begin(user, shadow_percent=100, min_requests=2)
        for result in ("[2, 4.0001]", "[2, 5]"):
            await set_job(engine, (await ask(user))["job_id"], COMPLETED)
            assert await watch.look() == 1
            shadow_id = await newest_job(engine)
            shadow = (await user.get(f"/jobs/{shadow_id}")).json()
            assert (shadow["model"], shadow["input_data"]) == ("doubler@2", {"data": [1, 2]})
            await set_job(engine, shadow_id, COMPLETED.replace("[2, 4]", result))
            assert await watch.look() == 1
        told = (await user.get(ROLLOUT)).json()
        assert told["counts"] == {"shadow": {"agreed": 1, "differed": 1}, "stable": {"completed": 2}}
        assert (told["status"], told["reason"]["why"]) == ("rolled_back", "differences")

    async def test_none_runs_while_a_job_waits(
        self,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
        watch: RolloutWatch,
        versions: list[dict[str, Any]],
    ) -> None:
        await begin(user, shadow_percent=100)
        first, waiting = await ask(user), await ask(user)
        await set_job(engine, first["job_id"], COMPLETED)
        await watch.look()
        assert await newest_job(engine) == waiting["job_id"]
        assert (await user.get(ROLLOUT)).json()["counts"]["shadow"] == {"skipped": 1}

    async def test_it_belongs_to_who_began_the_rollout(
        self,
        user: httpx.AsyncClient,
        other: httpx.AsyncClient,
        engine: AsyncEngine,
        watch: RolloutWatch,
        versions: list[dict[str, Any]],
    ) -> None:
        await begin(user, shadow_percent=100)
        await set_job(engine, (await ask(other))["job_id"], COMPLETED)
        await watch.look()
        shadow_id = await newest_job(engine)
        assert (await user.get(f"/jobs/{shadow_id}")).status_code == 200
        assert (await other.get(f"/jobs/{shadow_id}")).status_code == 403


async def newest_job(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        newest: int = (await connection.execute(text("SELECT max(id) FROM jobs"))).scalar_one()
        return newest
