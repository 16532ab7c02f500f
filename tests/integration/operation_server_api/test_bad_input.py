"""What is refused before it reaches any rule: too large, malformed, unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

MOST_BYTES = 1_000_000
JSON = {"content-type": "application/json"}


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 50_000 + 1):
        yield b"x" * 50_000


class TestTooLarge:
    async def test_a_declared_length_is_enough(self, user: httpx.AsyncClient, adder: Any) -> None:
        # Not even JSON: had it been parsed first, it would be 422.
        answer = await user.post("/jobs", content=b"x" * (MOST_BYTES + 1), headers=JSON)

        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "body_too_large"

    async def test_an_undeclared_length_is_counted(self, user: httpx.AsyncClient, adder: Any) -> None:
        headers = JSON | {"transfer-encoding": "chunked"}

        answer = await user.post("/jobs", content=chunks(MOST_BYTES), headers=headers)

        assert answer.status_code == 413

    async def test_one_megabyte_is_taken(self, user: httpx.AsyncClient, adder: Any) -> None:
        start, end = b'{"plugin_name": "adder", "input_data": {"n": 1, "pad": "', b'"}}'
        body = start + b"x" * (MOST_BYTES - len(start) - len(end)) + end

        answer = await user.post("/jobs", content=body, headers=JSON)

        assert len(body) == MOST_BYTES
        assert answer.status_code == 202


async def test_an_unknown_plugin_is_404(user: httpx.AsyncClient, adder: Any) -> None:
    unknown = await user.post("/jobs", json={"plugin_name": "none", "input_data": {}})
    version = await user.post("/jobs", json={"plugin_name": "adder", "plugin_version": "9", "input_data": {}})

    assert (unknown.status_code, version.status_code) == (404, 404)
    assert unknown.json()["detail"] == "There is no plugin none."
    assert version.json()["detail"] == "There is no plugin adder version 9."


async def test_limits_beyond_those_of_the_plugin_are_named(user: httpx.AsyncClient, adder: Any) -> None:
    body = {"plugin_name": "adder", "input_data": {"n": 1}, "timeout_s": 61, "max_retries": 4}

    answer = await user.post("/jobs", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"pointer": "/timeout_s", "message": "is 61; the plugin allows at most 60"},
        {"pointer": "/max_retries", "message": "is 4; the plugin allows at most 3"},
    ]


@pytest.mark.parametrize("path", ["/nothing", "/jobs/1/nothing"])
async def test_unknown_routes_are_problems_too(user: httpx.AsyncClient, path: str) -> None:
    answer = await user.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_wrong_method_is_405(user: httpx.AsyncClient) -> None:
    refused = await user.put("/jobs", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (await user.patch("/jobs/1", json={})).headers["allow"] == "GET, HEAD"
