"""The API in this process with a storage of files, and callers of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from operation_server.settings import AdminSettings, AuthSettings, FileSettings, OperationSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from tests.integration.operation_server_api.conftest import ADMIN, admin, other, stranger, user

__all__ = ["admin", "other", "stranger", "user"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the bytes of files are."""
    return tmp_path / "files"


@pytest.fixture
def file_settings(folder: Path) -> FileSettings:
    return FileSettings(storage_url=folder.as_uri(), max_bytes=20_000_000)


@pytest.fixture
def settings(database_url: str, redis_url: str, file_settings: FileSettings) -> OperationSettings:
    return OperationSettings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        broker=BrokerSettings(redis_url=redis_url),
        auth=AuthSettings(secret_key=SecretStr("a secret of more than thirty-two characters")),
        admin=AdminSettings(email=ADMIN["username"], password=SecretStr(ADMIN["password"])),
        files=file_settings,
    )


def stored(folder: Path) -> list[str]:
    """Return the names of the objects that are stored."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
