"""The API describes itself: an example for everything that goes in or comes out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from operation_server.accounts.access import ROUTES, Door
from operation_server.main import create_app
from operation_server.settings import OperationSettings
from satellite.contracts.attempt_files import GRANT_PARAMETER

PLACES = {
    **dict.fromkeys(
        (
            "job_id",
            "attempt",
            "user_id",
            "key_id",
            "version",
            "evaluation_id",
            "workflow_id",
            "task_id",
            "run_id",
            "number",
        ),
        "1",
    ),
    **dict.fromkeys(("name", "file_id", "upload_id", "secret_id", "alias", "task_name"), "x"),
    **dict.fromkeys(("channel_id", "rule_id", "delivery_id"), "1"),
    "uid": "6f1c0d8e-2f0b-4a51-9d4e-0b7f5c1f3a52",
}
OPEN = {path for method, path in map(str.split, ROUTES) if ROUTES[f"{method} {path}"] is Door.OPEN}
"""The only routes without a caller."""


@pytest.fixture
def app(settings: OperationSettings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def description(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def is_shown(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Tell whether a reader sees what a value looks like: by an example, or because it says it all."""
    if {"example", "examples", "default", "const", "enum"} & schema.keys():
        return True
    if "$ref" in schema:
        return is_shown(schemas[schema["$ref"].rsplit("/", maxsplit=1)[-1]], schemas)
    if "anyOf" in schema:
        return any(is_shown(each, schemas) for each in schema["anyOf"])
    if "properties" in schema:
        required = schema.get("required", [])
        return all(is_shown(schema["properties"][name], schemas) for name in required)
    return schema.get("type") in {"boolean", "null"}


def bodies(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    asked = operation.get("requestBody", {}).get("content", {})
    answered = [
        (f"{status} {kind}", body)
        for status, answer in operation["responses"].items()
        for kind, body in answer.get("content", {}).items()
    ]
    return [*((f"request {kind}", body) for kind, body in asked.items()), *answered]


def test_every_route_has_examples(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    missing = []
    for name, operation in operations(description):
        for parameter in operation.get("parameters", []):
            if "example" not in parameter and not is_shown(parameter["schema"], schemas):
                missing.append(f"{name}: {parameter['name']}")
        for place, body in bodies(operation):
            if not {"example", "examples"} & body.keys() and not is_shown(body.get("schema", {}), schemas):
                missing.append(f"{name}: {place}")

    assert missing == []


def test_every_route_says_what_it_does(description: dict[str, Any]) -> None:
    assert [name for name, each in operations(description) if not each.get("description")] == []


async def test_every_route_but_login_and_probes_asks_who_is_there(
    description: dict[str, Any], stranger: httpx.AsyncClient
) -> None:
    answered = {}
    for path, methods in description["paths"].items():
        for method in methods:
            address = path.format_map(PLACES)
            answer = await stranger.request(
                method, f"http://satellite{address}", json={}, params={GRANT_PARAMETER: "x"}
            )
            answered[f"{method} {path}"] = answer.status_code
            assert answer.status_code == 401 or path in OPEN, (method, path, answer.text)

    assert len(answered) > 25


async def test_the_bare_address_leads_to_the_dashboard_and_the_docs_are_there(
    stranger: httpx.AsyncClient,
) -> None:
    root = await stranger.get("http://satellite/")

    assert (root.status_code, root.headers["location"]) == (307, "/dashboard")
    assert (await stranger.get("http://satellite/docs")).status_code == 200
    assert (await stranger.get("http://satellite/health")).json() == {"status": "ok"}
