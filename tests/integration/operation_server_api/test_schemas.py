"""Schemas that cost too much or lead outside: at registration, and when jobs are submitted."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.fixtures.schemas import addressing, anchored, counting_socket, doubling
from tests.integration.operation_server_api.conftest import MANIFEST

STEEP = {"pattern": "(?=.*[A-Z]).*$"}
LONG = "a" * 300_000
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "required": ["n"],
            "properties": {"n": {"type": "integer"}, "children": {"items": {"$ref": "#/$defs/node"}}},
        }
    },
}


async def register(user: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await user.post("/plugins", json={**MANIFEST, **changes})


async def submit(user: httpx.AsyncClient, value: Any, *, to: str = "adder") -> httpx.Response:
    return await user.post("/jobs", json={"plugin_name": to, "input_data": value})


async def store_schema(engine: AsyncEngine, name: str, schema: dict[str, Any]) -> None:
    """Put a schema into a registered manifest, as an older release may have taken it."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE plugins SET digest = md5(:schema), "
                "manifest = jsonb_set(manifest, '{input_schema}', CAST(:schema AS jsonb)) WHERE name = :name"
            ),
            {"name": name, "schema": json.dumps(schema)},
        )


class TestNothingIsOpened:
    async def test_when_a_plugin_is_registered(self, user: httpx.AsyncClient) -> None:
        with counting_socket() as counting:
            for name, schema in addressing(counting.url).items():
                for key in ("input_schema", "output_schema"):
                    answer = await register(user, **{key: schema})

                    assert answer.status_code == 400, (name, answer.text)
                    (violation,) = answer.json()["errors"]
                    assert violation["pointer"].startswith(f"/{key}"), name
                    assert violation["pointer"].rpartition("/")[2] in {"$schema", "$ref", "$dynamicRef"}, name
            assert counting.connections == 0

    async def test_when_a_job_is_submitted_to_an_old_plugin(
        self, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        with counting_socket() as counting:
            schemas = list(addressing(counting.url).values())
            for number in range(len(schemas)):
                assert (await register(user, name=f"old-{number}")).status_code == 201
            for number, schema in enumerate(schemas):
                await store_schema(engine, f"old-{number}", schema)
                answer = await submit(user, {"n": 1}, to=f"old-{number}")

                assert (answer.status_code, answer.json()["code"]) == (409, "plugin_unusable"), schema
                assert f"old-{number} 1.0.0" in answer.json()["detail"]
            assert counting.connections == 0


class TestCost:
    async def test_what_doubles_often_is_refused_at_once(self, user: httpx.AsyncClient) -> None:
        answer = await register(user, input_schema=doubling(19))

        assert answer.status_code == 400
        assert "1,000,000 values" in answer.json()["errors"][0]["message"]

    async def test_what_no_limited_process_can_check_is_refused(self, user: httpx.AsyncClient) -> None:
        answer = await register(user, output_schema=anchored(40))

        assert answer.status_code == 400
        (violation,) = answer.json()["errors"]
        assert violation["pointer"] == "/output_schema"
        assert "needs more than 2 s of CPU time or 512 MiB" in violation["message"]

    async def test_an_input_that_takes_too_long_is_refused_and_others_are_served_meanwhile(
        self, user: httpx.AsyncClient
    ) -> None:
        await register(user, input_schema=STEEP)
        await register(user, name="other", input_schema=TREE)

        slow = asyncio.create_task(submit(user, LONG))
        served = 0
        while not slow.done():
            plain = await user.get("/plugins/adder")
            recursive = await submit(user, {"n": 1}, to="other")
            assert (plain.status_code, recursive.status_code) == (200, 202)
            served += 1
        refused = await slow

        assert (refused.status_code, refused.json()["code"]) == (422, "input_not_checkable")
        assert "adder 1.0.0" in refused.json()["detail"]
        assert served > 1

    async def test_in_a_batch_it_is_named_by_its_index(self, user: httpx.AsyncClient) -> None:
        await register(user, input_schema=STEEP)

        jobs = [{"plugin_name": "adder", "input_data": value} for value in ("A", LONG)]
        answer = await user.post("/jobs/batch", json={"jobs": jobs})

        assert answer.status_code == 400
        (violation,) = answer.json()["errors"]
        assert violation["pointer"] == "/jobs/1/input_data"
        assert "needs more than 2 s" in violation["message"]

    async def test_a_large_wrong_input_is_told_its_first_violation(self, user: httpx.AsyncClient) -> None:
        await register(user, input_schema={"items": {"type": "integer"}})

        answer = await submit(user, ["x"] * 200_000)

        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/input_data/0"]

    async def test_an_old_plugin_whose_schema_is_refused_today(
        self, user: httpx.AsyncClient, engine: AsyncEngine, adder: dict[str, Any]
    ) -> None:
        await store_schema(engine, "adder", doubling(19))

        answer = await submit(user, 1)

        assert (answer.status_code, answer.json()["code"]) == (409, "plugin_unusable")
        assert (await user.get("/plugins/adder")).status_code == 200


class TestFine:
    async def test_recursion(self, user: httpx.AsyncClient) -> None:
        assert (await register(user, input_schema=TREE)).status_code == 201

        taken = await submit(user, {"n": 1, "children": [{"n": 2, "children": [{"n": 3}]}]})
        refused = await submit(user, {"n": 1, "children": [{"n": 2, "children": [{}]}]})

        assert taken.status_code == 202
        assert [error["pointer"] for error in refused.json()["errors"]] == [
            "/input_data/children/0/children/0"
        ]

    async def test_references_as_data_and_to_itself(self, user: httpx.AsyncClient) -> None:
        schemas: list[dict[str, Any]] = [
            {"properties": {"n": {"const": {"$ref": "https://example.com"}}}},
            {"examples": [{"$ref": "other.json"}], "default": {"$ref": "file:///etc/passwd"}},
            {"properties": {"$ref": {"type": "string"}}},
            {"$id": "https://example.com/a", "$ref": "https://example.com/a#/$defs/b", "$defs": {"b": {}}},
            {"$ref": "item.json", "$defs": {"item": {"$id": "item.json"}}},
            {"$schema": "http://json-schema.org/draft-07/schema#", "format": "date"},
        ]
        for number, schema in enumerate(schemas):
            answer = await register(user, name=f"p{number}", input_schema=schema, output_schema=schema)

            assert answer.status_code == 201, (schema, answer.text)
            assert (await submit(user, {}, to=f"p{number}")).status_code == 202

    async def test_a_format_is_asserted_without_a_draft(self, user: httpx.AsyncClient) -> None:
        await register(user, input_schema={"properties": {"day": {"format": "date"}}})

        assert (await submit(user, {"day": "2026-11-25"})).status_code == 202
        assert (await submit(user, {"day": "25.11.2026"})).status_code == 400


async def test_unknown_retry_kinds_are_refused_with_the_known_ones(user: httpx.AsyncClient) -> None:
    answer = await register(user, retry={"kinds": ["exit", "timeuot"]})

    assert answer.status_code == 400
    (violation,) = answer.json()["errors"]
    assert violation["pointer"] == "/retry/kinds/1"
    assert "timeuot" in violation["message"]
    assert "timeout" in violation["message"]


async def test_a_plugin_with_an_unknown_retry_kind_of_old_stays_usable(
    user: httpx.AsyncClient, engine: AsyncEngine, adder: dict[str, Any]
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("""UPDATE plugins SET manifest = jsonb_set(manifest, '{retry,kinds}', '["timeuot"]')""")
        )

    assert (await submit(user, {"n": 1})).status_code == 202
    assert (await user.get("/plugins")).json()["items"][0]["retry"]["kinds"] == ["timeuot"]
