"""The API in this process on a real PostgreSQL and Redis, and callers of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.main import create_app
from operation_server.settings import AdminSettings, AuthSettings, OperationSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings

ADMIN = {"username": "admin@example.com", "password": "the admin's password"}

NEW = {"email": "newuser@example.com", "password": "securepassword123", "full_name": "Jane Doe"}
"""An account as a client asks for it."""

MANIFEST: dict[str, Any] = {
    "name": "adder",
    "version": "1.0.0",
    "docker_image": "satellite/adder:1.0.0",
    "input_schema": {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "a/b": {"type": "string"}},
    },
    "output_schema": {"type": "object"},
    "timeout_s": 60,
}


@pytest.fixture
def settings(database_url: str, redis_url: str) -> OperationSettings:
    return OperationSettings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        broker=BrokerSettings(redis_url=redis_url),
        auth=AuthSettings(secret_key=SecretStr("a secret of more than thirty-two characters")),
        admin=AdminSettings(email=ADMIN["username"], password=SecretStr(ADMIN["password"])),
    )


@contextlib.asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application's lifespan around a client without credentials."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://satellite/api/v1") as client,
    ):
        yield client


@pytest.fixture
async def stranger(settings: OperationSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with started(create_app(settings)) as client:
        yield client


async def log_in(stranger: httpx.AsyncClient, credentials: dict[str, str]) -> httpx.AsyncClient:
    answer = await stranger.post("/auth/token", json=credentials)
    assert answer.status_code == 200, answer.text
    return httpx.AsyncClient(
        transport=stranger._transport,
        base_url=stranger.base_url,
        headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
    )


async def open_account(
    stranger: httpx.AsyncClient, admin: httpx.AsyncClient, credentials: dict[str, str], **fields: Any
) -> httpx.AsyncClient:
    """Return a client logged in as a new account."""
    account = {"email": credentials["username"], "password": credentials["password"], **fields}
    answer = await admin.post("/users", json=account)
    assert answer.status_code == 201, answer.text
    return await log_in(stranger, credentials)


@pytest.fixture
async def admin(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client logged in as the bootstrap admin."""
    return await log_in(stranger, ADMIN)


@pytest.fixture
async def user(stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client logged in as an ordinary account."""
    return await open_account(
        stranger, admin, {"username": "ada@example.com", "password": "analytical engine"}
    )


@pytest.fixture
async def other(stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client logged in as another ordinary account."""
    return await open_account(
        stranger, admin, {"username": "grace@example.com", "password": "a compiler of her own"}
    )


@pytest.fixture
async def adder(user: httpx.AsyncClient) -> dict[str, Any]:
    """A registered plugin whose jobs nothing runs."""
    answer = await user.post("/plugins", json=MANIFEST)
    assert answer.status_code == 201, answer.text
    plugin: dict[str, Any] = answer.json()
    return plugin


@pytest.fixture
def submit(user: httpx.AsyncClient, adder: dict[str, Any]) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Submit a job of `adder` and return it."""

    async def submit(**fields: Any) -> dict[str, Any]:
        answer = await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}, **fields})
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    return submit


async def set_job(engine: AsyncEngine, job_id: int, assignments: str) -> None:
    """Put a job into a state that only a worker could bring about."""
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE jobs SET {assignments} WHERE id = :id"), {"id": job_id})


async def find_uid(engine: AsyncEngine, job_id: int) -> UUID:
    """Return the uid of a job, which messages about it carry."""
    async with engine.connect() as connection:
        found: UUID = await connection.scalar(text("SELECT uid FROM jobs WHERE id = :id"), {"id": job_id})
    return found
