"""What the sweeper deletes, and what it lets stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.settings import FileSettings
from tests.integration.files.conftest import stored


def sweeper_of(engine: AsyncEngine, settings: FileSettings) -> FileSweeper:
    storage = FileStorage.of(settings)
    assert storage is not None
    return FileSweeper(engine, storage)


async def upload(client: httpx.AsyncClient, content: bytes) -> str:
    file_id: str = (await client.post("/files", content=content)).json()["id"]
    return file_id


async def set_file(engine: AsyncEngine, file_id: str, assignments: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE files SET {assignments} WHERE id = :id"), {"id": file_id})


async def left(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT id FROM files ORDER BY id")))


async def test_what_is_old_unfinished_or_half_deleted_goes_and_the_rest_stays(
    user: httpx.AsyncClient, engine: AsyncEngine, file_settings: FileSettings, folder: Path
) -> None:
    old, unfinished, deleting, fresh = [await upload(user, bytes([n])) for n in range(4)]
    await set_file(engine, old, "expires_at = now() - interval '1 s'")
    await set_file(engine, unfinished, "state = 'uploading', expires_at = now() - interval '1 s'")
    await set_file(engine, deleting, "state = 'deleting'")
    (folder / unfinished).unlink()

    swept = await sweeper_of(engine, file_settings).sweep()

    assert swept == 3
    assert await left(engine) == stored(folder) == [fresh]
    assert (await user.get(f"/files/{old}")).status_code == 404


async def test_deleted_bytes_stay_for_as_long_as_the_database_can_be_brought_back(
    user: httpx.AsyncClient, engine: AsyncEngine, file_settings: FileSettings, folder: Path
) -> None:
    long_ago, lately = sorted([await upload(user, bytes([n])) for n in range(2)])
    await set_file(engine, long_ago, "state = 'deleting', expires_at = now() - interval '8 days'")
    await set_file(engine, lately, "state = 'deleting', expires_at = now() - interval '6 days'")
    storage = FileStorage.of(file_settings)
    assert storage is not None

    assert await FileSweeper(engine, storage, kept_s=7 * 86_400).sweep() == 1
    assert stored(folder) == [lately]


async def test_one_that_cannot_be_deleted_stops_no_other(
    user: httpx.AsyncClient, engine: AsyncEngine, file_settings: FileSettings, folder: Path
) -> None:
    ids = sorted([await upload(user, bytes([n])) for n in range(3)])
    for file_id in ids:
        await set_file(engine, file_id, "state = 'deleting'")
    (folder / ids[1]).unlink()
    (folder / ids[1]).mkdir()
    sweeper = sweeper_of(engine, file_settings)

    assert await sweeper.sweep() == 2
    assert await left(engine) == [ids[1]]

    (folder / ids[1]).rmdir()
    assert await sweeper.sweep() == 1
    assert await left(engine) == []
