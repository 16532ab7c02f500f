"""Bodies in another form than the one that is read: each door says what to do."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from operation_server.main import create_app
from operation_server.settings import OperationSettings
from tests.integration.operation_server_api.conftest import ADMIN

JOB = {"plugin_name": "adder", "input_data": {"n": 1}}
BODY = json.dumps(JOB).encode()


PLACEHOLDER = re.compile(r"\{[^}]+\}")


def doors(app: FastAPI) -> list[tuple[str, str]]:
    """Return method and path of each route that takes JSON, from the API's own description."""
    return [
        (method, PLACEHOLDER.sub("1", path.removeprefix("/api/v1")))
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({"content-type": "text/plain"}, "application/json"),
        ({"content-type": "application/xml"}, "application/json"),
        ({"content-type": "nonsense"}, "application/json"),
        ({"content-type": "application/json; charset=utf-16"}, "UTF-8"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, "uncompressed"),
    ],
)
async def test_every_door_refuses_what_is_no_plain_json(
    admin: httpx.AsyncClient, settings: OperationSettings, headers: dict[str, str], advice: str
) -> None:
    found = doors(create_app(settings))
    assert len(found) >= 9

    for method, path in found:
        answer = await admin.request(method, path, content=gzip.compress(BODY), headers=headers)

        assert answer.status_code == 415, (method, path, answer.text)
        assert answer.json()["code"] == "unsupported_media_type"
        assert advice in answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf8"',
        "application/vnd.api+json",
        "application/merge-patch+json; charset=utf-8",
    ],
)
async def test_json_by_any_of_its_names_is_taken(
    user: httpx.AsyncClient, adder: Any, content_type: str
) -> None:
    answer = await user.post("/jobs", content=BODY, headers={"content-type": content_type})

    assert answer.status_code == 202, answer.text


async def test_a_body_of_no_stated_type_is_taken_for_json(
    user: httpx.AsyncClient, stranger: httpx.AsyncClient, adder: Any
) -> None:
    assert (await user.post("/jobs", content=BODY)).status_code == 202
    assert (await stranger.post("/auth/token", content=json.dumps(ADMIN).encode())).status_code == 200
    assert (await user.post("/jobs", content=b"plugin_name=adder")).json()["code"] == "request_malformed"


async def test_what_curl_sends_by_default_is_told_what_to_send(user: httpx.AsyncClient, adder: Any) -> None:
    answer = await user.post(
        "/jobs", content=BODY, headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 415
    assert answer.json()["detail"] == (
        "The body is 'application/x-www-form-urlencoded', but JSON is read here; "
        "send it with Content-Type: application/json."
    )


async def test_forms_log_in_uncompressed(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.post("/auth/token", data=ADMIN)).status_code == 200

    answer = await stranger.post("/auth/token", data=ADMIN, headers={"content-encoding": "gzip"})

    assert answer.status_code == 415


async def test_a_byte_order_mark_is_no_part_of_the_body(
    user: httpx.AsyncClient, stranger: httpx.AsyncClient, adder: Any
) -> None:
    mark = b"\xef\xbb\xbf"
    headers = {"content-type": "application/json"}

    assert (await user.post("/jobs", content=mark + BODY, headers=headers)).status_code == 202
    token = await stranger.post("/auth/token", content=mark + json.dumps(ADMIN).encode(), headers=headers)
    assert token.status_code == 200


@pytest.mark.parametrize("path", ["/jobs", "/jobs/batch", "/plugins", "/auth/token", "/users"])
@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf"], ids=["nothing", "a mark alone"])
async def test_a_missing_body_is_named(admin: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await admin.post(path, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == (400 if path == "/auth/token" else 422)
    assert "needs a JSON body and has none" in answer.json()["detail"]


async def test_routes_without_a_body_do_not_care(user: httpx.AsyncClient, submit: Any) -> None:
    job = await submit()

    answer = await user.post(f"/jobs/{job['id']}/cancel", headers={"content-type": "text/plain"})

    assert answer.status_code == 202


async def test_a_body_that_may_be_left_out_needs_no_type(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(
        "/dead-letters/7/replay", headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 404
