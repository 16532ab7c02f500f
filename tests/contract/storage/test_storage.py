"""What holds of every storage of files: a folder, and a bucket of a server that speaks S3."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from operation_server.files.errors import FileNotFound, StorageUnavailable
from operation_server.files.storage import PART_BYTES, FileStorage
from operation_server.settings import FileSettings
from satellite.local.ports import find_free_port
from tests.fixtures.s3 import BUCKET, KEY_ID, SECRET

CHUNK = bytes(range(256)) * 256


class ClientLeft(Exception):
    """What a stream ends with when its sender goes."""


async def chunks_of(count: int, *, breaks_off: bool = False) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield CHUNK
    if breaks_off:
        raise ClientLeft


async def read(storage: FileStorage, key: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in await storage.open(key, start=start, end=end)])


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    if request.param == "folder":
        settings = FileSettings(storage_url=(tmp_path / "made" / "ahead").as_uri())
    else:
        settings = FileSettings(
            storage_url=f"s3://{BUCKET}/{uuid.uuid4().hex}",
            s3_endpoint_url=request.getfixturevalue("s3_url"),
            s3_region="us-east-1",
            s3_access_key_id=KEY_ID,
            s3_secret_access_key=SecretStr(SECRET),
        )
    storage = FileStorage.of(settings)
    assert storage is not None
    return storage


@pytest.mark.parametrize("count", [1, 2, 3 * PART_BYTES // len(CHUNK) + 1])
async def test_what_is_put_comes_back(storage: FileStorage, count: int) -> None:
    await storage.put("one", chunks_of(count))

    assert await read(storage, "one", 0, count * len(CHUNK)) == CHUNK * count


async def test_any_part_of_it_can_be_read(storage: FileStorage) -> None:
    await storage.put("one", chunks_of(4))
    whole = CHUNK * 4

    for start, end in ((0, 1), (100, 70_000), (65_535, 65_537), (len(whole) - 1, len(whole))):
        assert await read(storage, "one", start, end) == whole[start:end]


@pytest.mark.parametrize("count", [0, 1, 2 * PART_BYTES // len(CHUNK)])
async def test_what_breaks_off_leaves_nothing(storage: FileStorage, tmp_path: Path, count: int) -> None:
    with pytest.raises(ClientLeft):
        await storage.put("one", chunks_of(count, breaks_off=True))

    with pytest.raises(FileNotFound):
        await storage.open("one", start=0, end=1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_nothing_at_all_can_be_stored(storage: FileStorage) -> None:
    await storage.put("empty", chunks_of(0))
    await storage.delete(["empty"])


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(storage: FileStorage) -> None:
    await storage.put("one", chunks_of(1))
    await storage.put("two", chunks_of(1))

    for _ in range(2):
        await storage.delete(["one", "never there"])

    with pytest.raises(FileNotFound):
        await storage.open("one", start=0, end=1)
    assert await read(storage, "two", 0, 3) == CHUNK[:3]


async def test_an_absent_server_is_said_to_be_unavailable() -> None:
    settings = FileSettings(
        storage_url=f"s3://{BUCKET}",
        s3_endpoint_url=f"http://127.0.0.1:{find_free_port()}",
        s3_region="us-east-1",
        s3_access_key_id=KEY_ID,
        s3_secret_access_key=SecretStr(SECRET),
    )
    storage = FileStorage.of(settings)
    assert storage is not None

    with pytest.raises(StorageUnavailable):
        await storage.put("one", chunks_of(1))
    with pytest.raises(StorageUnavailable):
        await storage.open("one", start=0, end=1)
    with pytest.raises(StorageUnavailable):
        await storage.delete(["one"])
