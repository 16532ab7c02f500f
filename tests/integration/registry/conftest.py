"""The API in this process with a storage of files, a server plugin, and a model that it loads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.files.conftest import file_settings, folder, settings
from tests.integration.operation_server_api.conftest import MANIFEST, admin, other, stranger, user

__all__ = ["admin", "file_settings", "folder", "other", "settings", "stranger", "user"]

ONNX = b"\x08\x07\x12\x07pytorch" + b"weights"
GOLDEN = b'[{"input": {"data": [1]}, "output": [2]}]'
SIGNATURE: dict[str, Any] = {
    "input": {"type": "array", "items": {"type": "number"}, "minItems": 1},
    "config": {"type": "object", "properties": {"steps": {"type": "integer"}}, "additionalProperties": False},
    "output": {"type": "array"},
}
SERVER: dict[str, Any] = MANIFEST | {
    "name": "loader",
    "mode": "server",
    "input_schema": {"type": "object", "required": ["data"]},
    "output_schema": {},
}


async def upload(client: httpx.AsyncClient, content: bytes = ONNX, name: str = "model.onnx") -> str:
    """Store a file and return its id."""
    answer = await client.post("/files", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    file_id: str = answer.json()["id"]
    return file_id


async def add_version(
    client: httpx.AsyncClient, content: bytes = ONNX, *, model: str = "doubler", **fields: Any
) -> dict[str, Any]:
    """Register a version of a model and return it."""
    files = {"model.onnx": await upload(client, content), "golden.json": await upload(client, GOLDEN)}
    body = {"plugin_name": "loader", "files": files, **fields}
    answer = await client.post(f"/models/{model}/versions", json=body)
    assert answer.status_code == 201, answer.text
    version: dict[str, Any] = answer.json()
    return version


@pytest.fixture
async def doubler(user: httpx.AsyncClient) -> dict[str, Any]:
    """A model without a version, and the plugin `loader` that would load one."""
    assert (await user.post("/plugins", json=SERVER)).status_code == 201
    answer = await user.post("/models", json={"name": "doubler", "signature": SIGNATURE})
    assert answer.status_code == 201, answer.text
    model: dict[str, Any] = answer.json()
    return model
