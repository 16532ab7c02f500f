"""Every route, by every role, to one's own and to others' things: as the table says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from operation_server.accounts.access import GRANTED, ROUTES, Door, Extent, Permission
from operation_server.accounts.account import Role
from operation_server.accounts.route_rules import RouteWithoutRule, named_endpoints, rules_of
from operation_server.main import create_app
from operation_server.settings import FileSettings, OperationSettings, SecretSettings
from tests.integration.operation_server_api.conftest import open_account
from tests.integration.operation_server_api.owned import TUS, make_owned

HIDDEN = (
    "{key_id}", "{file_id}", "{upload_id}", "{secret_id}", "{channel_id}", "{rule_id}", "{delivery_id}",
)  # fmt: skip
"""Of what belongs to others: it is not there, 404. That jobs and plugins are there is no secret: 403."""
NUMBERED = ("{job_id}", "{workflow_id}", "{task_id}", "{run_id}")

IDS = (
    "job_id",
    "number",
    "workflow_id",
    "task_id",
    "run_id",
    "key_id",
    "user_id",
    "version",
    "evaluation_id",
    "channel_id",
    "rule_id",
    "delivery_id",
)
HEADS = {"GET": "HEAD"}
"""Streams of events have no end, but their head has."""

PATCHES = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def settings(settings: OperationSettings, tmp_path: Path) -> OperationSettings:
    """With a storage and a key, or nobody has files or secrets."""
    files = FileSettings(storage_url=tmp_path.as_uri())
    return settings.model_copy(update={"files": files, "secrets": SecretSettings(key=SecretStr("k" * 40))})


@pytest.fixture
async def callers(
    stranger: httpx.AsyncClient, admin: httpx.AsyncClient, user: httpx.AsyncClient
) -> dict[str, httpx.AsyncClient]:
    viewer = {"username": "vera@example.com", "password": "looks and touches not"}
    return {
        Role.ADMIN: admin,
        Role.USER: user,
        Role.VIEWER: await open_account(stranger, admin, viewer, role="viewer"),
    }


def rows(kind: type) -> list[str]:
    return [name for name, rule in ROUTES.items() if isinstance(rule, kind) and "WEBSOCKET" not in name]


def expected(role: str, name: str, *, is_own: bool) -> set[int]:
    """Return which of 401, 403 and 404 the table wants; none of them where the caller may."""
    rule = ROUTES[name]
    assert isinstance(rule, Permission)
    extent = GRANTED[role].get(rule)
    if extent is None:
        return {403}
    concerns_one = any(part in name for part in (*NUMBERED, *HIDDEN)) or (
        "{name}" in name and rule in {Permission.REGISTER_PLUGINS, Permission.REGISTER_MODELS}
    )
    if extent is Extent.OWN and concerns_one and not is_own:
        return {404} if any(part in name for part in HIDDEN) or name.endswith("{job_id}/replay") else {403}
    return set()


@pytest.mark.parametrize("role", Role)
async def test_what_the_table_says_holds(
    callers: dict[str, httpx.AsyncClient],
    other: httpx.AsyncClient,
    role: Role,
) -> None:
    caller, wrong = callers[role], []
    for name in rows(Permission):
        for is_own in (True, False):
            if is_own and role is Role.VIEWER:
                continue  # Owns nothing but keys.
            method, path = name.split(" ")
            place = await make_owned(caller if is_own else other, path)
            answer = await caller.request(
                HEADS.get(method, method),
                f"http://satellite{path.format_map(place)}",
                content=json.dumps({}),
                headers=TUS | PATCHES if "/uploads" in path else {"content-type": "application/json"},
            )
            refusal = {answer.status_code} & {401, 403}
            wanted = expected(role, name, is_own=is_own)
            if wanted == {404}:
                refusal = {answer.status_code}
            if refusal != wanted and answer.status_code != 422:
                wrong.append((name, is_own, answer.status_code, wanted, answer.text[:120]))
            if answer.status_code == 422 and 403 in wanted and GRANTED[role].get(ROUTES[name]) is None:
                wrong.append((name, is_own, 422, wanted, "the body was looked at first"))
    assert wrong == []


async def test_without_a_caller_only_open_doors_open(stranger: httpx.AsyncClient) -> None:
    for name in [*rows(Permission), *rows(Door)]:
        method, path = name.split(" ")
        place = dict.fromkeys(
            ("name", "file_id", "upload_id", "secret_id", "alias", "task_name", "path"), "x"
        )
        place |= dict.fromkeys(IDS, "1") | {"attempt": "1", "uid": str(UUID(int=1))}
        answer = await stranger.request(
            HEADS.get(method, method), f"http://satellite{path.format_map(place)}", json={}
        )
        assert (answer.status_code == 401) is (ROUTES[name] is not Door.OPEN), (name, answer.status_code)


def test_a_route_without_a_row_stops_the_start(settings: OperationSettings) -> None:
    app = create_app(settings)
    router = APIRouter()

    @router.get("/forgotten")
    async def read_forgotten() -> str:
        return ""

    app.include_router(router, prefix="/api/v1")
    with pytest.raises(RouteWithoutRule, match="GET /api/v1/forgotten"):
        rules_of(app.routes)


def test_a_row_without_a_route_stops_the_start() -> None:
    with pytest.raises(RouteWithoutRule, match="no route for the rows"):
        rules_of(FastAPI(openapi_url=None).routes)


def test_the_walk_knows_every_route(settings: OperationSettings) -> None:
    assert {name for name, _ in named_endpoints(create_app(settings).routes)} == ROUTES.keys()


def test_the_description_says_who_may(settings: OperationSettings) -> None:
    paths: dict[str, Any] = create_app(settings).openapi()["paths"]
    cancel = paths["/api/v1/jobs/{job_id}/cancel"]["post"]["description"]

    assert "Asks for `jobs:change`: user (own), admin (all)." in cancel
