"""Who may register plugins while a worker runs them without isolation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from redis import Redis

from satellite.contracts import redis_keys
from satellite.testing.messages import heartbeat_of
from tests.integration.operation_server_api.conftest import MANIFEST

Beat = Callable[[str], None]


@pytest.fixture
def beat(redis_url: str) -> Iterator[Beat]:
    """Return what makes a live worker with a runtime."""
    redis = Redis.from_url(redis_url)
    names: list[str] = []

    def live(runtime: str) -> None:
        worker = heartbeat_of(name=f"worker-{runtime}", runtime=runtime)
        names.append(worker.name)
        redis.set(redis_keys.worker(worker.name), worker.model_dump_json(), ex=60)
        redis.sadd(redis_keys.WORKERS, worker.name)

    yield live
    for name in names:
        redis.delete(redis_keys.worker(name))
        redis.srem(redis_keys.WORKERS, name)
    redis.close()


async def test_users_are_refused_and_told_why_and_admins_are_not(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, beat: Beat
) -> None:
    beat("container")
    beat("process")
    refused = await user.post("/plugins", json=MANIFEST)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "worker-process" in refused.json()["detail"]
    assert "SATELLITE_PLUGINS_OPEN_WITHOUT_ISOLATION" in refused.json()["detail"]
    assert (await admin.post("/plugins", json=MANIFEST)).status_code == 201


async def test_users_register_where_all_workers_isolate(user: httpx.AsyncClient, beat: Beat) -> None:
    beat("container")
    assert (await user.post("/plugins", json=MANIFEST)).status_code == 201


async def test_what_is_invalid_is_told_first(user: httpx.AsyncClient, beat: Beat) -> None:
    beat("process")
    assert (await user.post("/plugins", json={**MANIFEST, "input_schema": {"type": "x"}})).status_code == 400


async def test_snippets_of_users_are_refused_at_every_door(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, beat: Beat
) -> None:
    snippets = MANIFEST | {"name": "python-task"}
    (await admin.post("/plugins", json=snippets)).raise_for_status()
    job = {"plugin_name": "python-task", "input_data": {"n": 1}}
    task = {"name": "load", "python_callable": "print(1)"}

    workflow_id = (await user.post("/workflows", json={"name": "a", "tasks": [task]})).json()["id"]

    async def asked() -> list[int]:
        answers = [
            await user.post("/jobs", json=job),
            await user.post("/jobs/batch", json={"jobs": [job]}),
            await user.post(f"/workflows/{workflow_id}/deploy"),
        ]
        return [answer.status_code for answer in answers]

    assert await asked() == [202, 202, 200]
    beat("process")
    assert await asked() == [403, 403, 403]
    assert (await admin.post("/jobs", json=job)).status_code == 202
