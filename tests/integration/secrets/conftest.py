"""An API that keeps secrets, two accounts, a plugin that needs one, and what workers ask."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.operation_api.client import OperationAPI, problem_of
from analysis_server.operation_api.run_secrets import SecretsOfAPI
from operation_server.jobs.transitions import DispatchCapacity
from operation_server.settings import ApiSettings, OperationSettings, SecretSettings
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_secrets import SIGNATURE_HEADER, sign
from tests.integration.operation_server_api.conftest import MANIFEST, admin, other, stranger, user
from tests.integration.operation_server_api.conftest import settings as settings_without_keys
from tests.integration.transitions.seed import PLENTY, dispatch

__all__ = ["admin", "other", "settings_without_keys", "stranger", "user"]

VALUE = "canary-of-a-secret-1"
OTHER_VALUE = "canary-of-a-secret-2"
TOKEN = secrets.token_hex(32)
KEY = secrets.token_hex(32)
NEEDY = MANIFEST | {"name": "needy", "secrets": [{"name": "TOKEN"}]}
JOB = {"plugin_name": "needy", "input_data": {"n": 1}}
WORKER = "worker-1"


class InThisProcess(OperationAPI):
    """Asks the application of the test, without a socket, from a thread beside its loop."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        super().__init__("http://satellite", SecretStr(token))
        self._client = client
        self._loop = asyncio.get_running_loop()

    def post(self, path: str, body: bytes) -> bytes:
        headers = {SIGNATURE_HEADER: sign(self.token, "POST", path, body)}
        asking = self._client.post(f"http://satellite{path}", content=body, headers=headers)
        answer = asyncio.run_coroutine_threadsafe(asking, self._loop).result(30)
        if answer.status_code != 200:
            raise problem_of(answer.status_code, answer.content)
        return answer.content


class Keeper:
    """The API as users and as workers reach it."""

    def __init__(
        self,
        stranger: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        ada: httpx.AsyncClient,
        grace: httpx.AsyncClient,
        *,
        redis_url: str,
        engine: AsyncEngine,
    ) -> None:
        self.stranger, self.admin, self.ada, self.grace = stranger, admin, ada, grace
        self.redis_url = redis_url
        self.redis = Redis.from_url(redis_url)
        self._engine = engine

    async def register(self, manifest: dict[str, Any]) -> None:
        (await self.admin.post("/plugins", json=manifest)).raise_for_status()

    async def store(self, client: httpx.AsyncClient, value: str = VALUE, **fields: Any) -> str:
        body = {"name": "TOKEN", "value": value, "plugins": ["needy"], **fields}
        return str((await client.post("/secrets", json=body)).raise_for_status().json()["id"])

    async def start(
        self,
        client: httpx.AsyncClient,
        *,
        worker: str | None = WORKER,
        capacity: DispatchCapacity = PLENTY,
        **job: Any,
    ) -> AttemptKey:
        """Submit a job, dispatch it, and let a worker claim it."""
        answer = await client.post("/jobs", json=JOB | job)
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["id"]
        [sent] = [one for one in await dispatch(self._engine, capacity=capacity) if one.job_id == job_id]
        key = AttemptKey(job_id, sent.attempt, UUID(str(sent.uid)))
        if worker is not None:
            self.redis.set(redis_keys.lease(key), worker)
        return key

    async def fetch(self, key: AttemptKey, *, worker: str = WORKER, token: str = TOKEN) -> dict[str, str]:
        secrets = SecretsOfAPI(InThisProcess(self.stranger, token), worker=worker)
        return dict(await asyncio.to_thread(secrets.fetch, key))


@pytest.fixture
def settings(settings_without_keys: OperationSettings) -> OperationSettings:
    keys = {"secrets": SecretSettings(key=SecretStr(KEY)), "api": ApiSettings(worker_token=SecretStr(TOKEN))}
    return settings_without_keys.model_copy(update=keys)


@pytest.fixture
async def keeper(
    request: pytest.FixtureRequest,
    admin: httpx.AsyncClient,
    user: httpx.AsyncClient,
    other: httpx.AsyncClient,
    engine: AsyncEngine,
) -> Keeper:
    stranger, redis_url = map(request.getfixturevalue, ("stranger", "redis_url"))
    keeper = Keeper(stranger, admin, user, other, redis_url=redis_url, engine=engine)
    await keeper.register(NEEDY)
    return keeper
