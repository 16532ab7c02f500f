"""Bad input is refused with a clear error, and nothing is lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

MANIFEST: dict[str, Any] = {
    "name": "bad-input",
    "version": "1.0.0",
    "docker_image": "satellite/bad-input:1.0.0",
    "input_schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
    "output_schema": {"type": "object"},
}


def test_unknown_plugin_is_404(api: httpx.Client) -> None:
    answer = api.post("/jobs", json={"plugin_name": "no-such-plugin", "input_data": {}})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_input_that_breaks_the_schema_is_400_with_a_pointer_for_each_violation(api: httpx.Client) -> None:
    api.post("/plugins", json=MANIFEST)

    answer = api.post("/jobs", json={"plugin_name": "bad-input", "input_data": {"n": "one"}})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/input_data/n"]


def test_malformed_json_is_422(api: httpx.Client) -> None:
    answer = api.post("/jobs", content=b'{"plugin_name": ', headers={"content-type": "application/json"})

    assert answer.status_code == 422


def test_a_body_over_one_megabyte_is_413(api: httpx.Client) -> None:
    answer = api.post("/jobs", content=b'"' + b"x" * 1_000_001)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dokcer_image": "x"}, "dokcer_image"),
        ({"name": "Bad_Name"}, "name"),
        ({"input_schema": {"type": "no-such-type"}}, "input_schema"),
        ({"output_schema": {"$ref": "https://example.com/schema.json"}}, "output_schema"),
    ],
)
def test_a_bad_manifest_is_refused_with_the_key_named(
    api: httpx.Client, change: dict[str, Any], named: str
) -> None:
    answer = api.post("/plugins", json={**MANIFEST, **change})

    assert answer.status_code == 400
    assert named in answer.text


def test_other_content_under_a_known_name_and_version_is_409(api: httpx.Client) -> None:
    manifest = {**MANIFEST, "name": "immutable"}
    assert api.post("/plugins", json=manifest).status_code == 201
    assert api.post("/plugins", json=manifest).status_code == 200

    answer = api.post("/plugins", json={**manifest, "description": "other"})

    assert answer.status_code == 409


def test_every_route_but_the_open_ones_needs_a_token(api: httpx.Client) -> None:
    root = str(api.base_url).replace("/api/v1/", "")
    for path in ("/jobs", "/plugins", "/users/me", "/workers", "/dead-letters"):
        assert httpx.get(f"{root}/api/v1{path}", timeout=60).status_code == 401, path
    for path in ("/health", "/ready", "/docs", "/openapi.json"):
        assert httpx.get(f"{root}{path}", timeout=60).status_code == 200, path
