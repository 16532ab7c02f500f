"""What the worker of an attempt may fetch, and until when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.grants import Grants
from operation_server.settings import OperationSettings
from satellite.contracts.attempt_files import input_path
from satellite.contracts.identity import AttemptKey
from tests.integration.files.test_input_files import CONTENT, reader, submit, upload
from tests.integration.operation_server_api.conftest import find_uid, set_job

__all__ = ["reader"]

UNDER_WAY = "status = 'processing', dispatched_at = now(), attempt = 2"


@pytest.fixture
def grants(settings: OperationSettings) -> Grants:
    return Grants(settings.auth.secret_key)


@pytest.fixture
async def file_id(user: httpx.AsyncClient) -> str:
    return await upload(user)


@pytest.fixture
async def key(user: httpx.AsyncClient, engine: AsyncEngine, file_id: str) -> AttemptKey:
    """The second attempt of a job with a file, under way."""
    job_id = await submit(user, file_id)
    await set_job(engine, job_id, UNDER_WAY)
    return AttemptKey(job_id, 2, await find_uid(engine, job_id))


async def fetch(
    stranger: httpx.AsyncClient, grants: Grants, key: AttemptKey, file_id: str, **options: Any
) -> httpx.Response:
    path = input_path(key, file_id)
    grant = options.pop("grant", None) or grants.sign("GET", path, ttl_s=60)
    return await stranger.get(f"http://satellite{path}", params={"grant": grant}, **options)


async def test_a_file_or_a_part_of_it(
    stranger: httpx.AsyncClient, grants: Grants, key: AttemptKey, file_id: str
) -> None:
    whole = await fetch(stranger, grants, key, file_id)
    part = await fetch(stranger, grants, key, file_id, headers={"Range": "bytes=4-"})

    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert (part.status_code, part.content) == (206, CONTENT[4:])


async def test_nothing_without_a_grant_for_it(
    stranger: httpx.AsyncClient, user: httpx.AsyncClient, grants: Grants, key: AttemptKey, file_id: str
) -> None:
    other = grants.sign("GET", input_path(key._replace(attempt=3), file_id), ttl_s=60)
    for grant in ("x", other, grants.sign("GET", input_path(key, file_id), ttl_s=-5)):
        answer = await fetch(stranger, grants, key, file_id, grant=grant)
        assert (answer.status_code, answer.json()["code"]) == (401, "grant_refused")
    # Nor does a login open it: the route is for workers.
    assert (await user.get(f"http://satellite{input_path(key, file_id)}")).status_code == 401


@pytest.mark.parametrize(
    "ended",
    [
        "status = 'completed', completed_at = now()",
        "status = 'cancelled', completed_at = now()",
        "status = 'queued', dispatched_at = NULL",
        "status = 'queued', dispatched_at = now(), attempt = 3",
        "status = 'processing', attempt = 3",
    ],
)
async def test_an_attempt_that_has_ended_gets_nothing_any_more(
    *,
    stranger: httpx.AsyncClient,
    engine: AsyncEngine,
    grants: Grants,
    key: AttemptKey,
    file_id: str,
    ended: str,
) -> None:
    await set_job(engine, key.job_id, ended)

    answer = await fetch(stranger, grants, key, file_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "attempt_over")


async def test_one_whose_dispatch_is_not_committed_yet_does(
    stranger: httpx.AsyncClient, engine: AsyncEngine, grants: Grants, key: AttemptKey, file_id: str
) -> None:
    await set_job(engine, key.job_id, "status = 'queued', dispatched_at = NULL, attempt = 1")

    assert (await fetch(stranger, grants, key, file_id)).status_code == 200


async def test_files_of_other_jobs_and_other_lives_are_not_its_own(
    stranger: httpx.AsyncClient, user: httpx.AsyncClient, grants: Grants, key: AttemptKey, file_id: str
) -> None:
    unused = await upload(user)
    answers = [
        await fetch(stranger, grants, key, unused),
        await fetch(stranger, grants, key._replace(uid=UUID(int=1)), file_id),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
