"""Uploads that go on where they broke off, as clients of tus 1.0 do it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.storage import FileStorage
from operation_server.files.sweeper import FileSweeper
from operation_server.settings import FileSettings
from tests.integration.files.conftest import stored

CONTENT = bytes(range(256)) * 1_000
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = TUS | {"Content-Type": "application/offset+octet-stream"}


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


async def begin(client: httpx.AsyncClient, size: int = len(CONTENT), **headers: str) -> str:
    """Begin an upload and return its path."""
    answer = await client.post("/uploads", headers=TUS | {"Upload-Length": str(size)} | headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].removeprefix("/api/v1")


async def send(
    client: httpx.AsyncClient, path: str, offset: int, content: Any, **headers: str
) -> httpx.Response:
    return await client.patch(path, content=content, headers=CHUNK | {"Upload-Offset": str(offset)} | headers)


async def offset_of(client: httpx.AsyncClient, path: str) -> int:
    answer = await client.head(path, headers=TUS)
    assert answer.headers["tus-resumable"] == "1.0.0"
    return int(answer.headers["upload-offset"])


def file_of(path: str) -> str:
    return path.replace("/uploads/", "/files/")


async def count_parts(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM file_parts")) or 0)


class TestSending:
    async def test_piece_by_piece_it_becomes_a_file(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        metadata = f"filename {encoded('Zeilen ü.csv')},filetype {encoded('text/csv')},other"
        path = await begin(user, **{"Upload-Metadata": metadata})
        offsets = []
        for start in range(0, len(CONTENT), 100_000):
            offsets.append(await offset_of(user, path))
            answer = await send(user, path, start, CONTENT[start : start + 100_000])
            assert (answer.status_code, answer.headers["tus-resumable"]) == (204, "1.0.0")
            assert (await user.get(file_of(path))).status_code == (
                200 if start + 100_000 >= len(CONTENT) else 404
            )

        (file,) = (await user.get("/files")).json()["items"]
        assert offsets == [0, 100_000, 200_000]
        assert await offset_of(user, path) == len(CONTENT)
        assert (await user.get(file_of(path))).content == CONTENT
        assert (file["name"], file["media_type"], file["size_bytes"]) == (
            "Zeilen ü.csv",
            "text/csv",
            len(CONTENT),
        )
        assert file["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert (len(stored(folder)), await count_parts(engine)) == (1, 0)

    async def test_in_one_piece_and_of_nothing(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        path, empty = await begin(user), await begin(user, 0)
        answer = await send(user, path, 0, CONTENT)

        assert answer.headers["upload-offset"] == str(len(CONTENT))
        assert "upload-expires" not in answer.headers
        assert (await user.get(file_of(path))).content == CONTENT
        assert (await user.get(file_of(empty))).content == b""
        assert (len(stored(folder)), await count_parts(engine)) == (2, 0)

    async def test_at_another_offset_is_409_and_changes_nothing(
        self, user: httpx.AsyncClient, folder: Path
    ) -> None:
        path = await begin(user)
        await send(user, path, 0, CONTENT[:10])

        wrong = [await send(user, path, offset, b"x") for offset in (0, 9, 11)]

        assert {answer.status_code for answer in wrong} == {409}
        assert {answer.headers["tus-resumable"] for answer in wrong} == {"1.0.0"}
        assert await offset_of(user, path) == 10
        await send(user, path, 10, CONTENT[10:])
        assert (await user.get(file_of(path))).content == CONTENT
        assert (await send(user, path, len(CONTENT), b"")).status_code == 409

    async def test_of_several_senders_at_one_offset_one_wins(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        path = await begin(user, 20)

        for offset in (0, 10):
            answers = await asyncio.gather(
                *(send(user, path, offset, bytes([n]) * 10) for n in range(65, 70))
            )
            assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409, 409]

        content = (await user.get(file_of(path))).content
        (file,) = (await user.get("/files")).json()["items"]
        assert len(set(content[:10])) == len(set(content[10:])) == 1
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert (len(stored(folder)), await count_parts(engine)) == (1, 0)

    async def test_more_than_was_announced_is_413_and_not_kept(
        self, user: httpx.AsyncClient, folder: Path
    ) -> None:
        path = await begin(user, 10)

        assert (await send(user, path, 0, b"x" * 11)).status_code == 413
        assert (await offset_of(user, path), stored(folder)) == (0, [])


class TestChecksums:
    @pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
    async def test_right_ones(self, user: httpx.AsyncClient, algorithm: str) -> None:
        path = await begin(user)
        digest = base64.b64encode(hashlib.new(algorithm, CONTENT).digest()).decode()

        answer = await send(user, path, 0, CONTENT, **{"Upload-Checksum": f"{algorithm} {digest}"})

        assert answer.status_code == 204
        assert (await user.get(file_of(path))).content == CONTENT

    async def test_wrong_ones_are_460_and_nothing_is_kept(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        path = await begin(user)
        digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()

        answer = await send(user, path, 0, CONTENT, **{"Upload-Checksum": f"sha256 {digest}"})

        assert (answer.status_code, answer.json()["code"]) == (460, "checksum_mismatch")
        assert await offset_of(user, path) == 0
        assert (stored(folder), await count_parts(engine)) == ([], 0)

    @pytest.mark.parametrize("checksum", ["md5 eHg=", "sha256", "sha256 ???", ""])
    async def test_what_is_none_is_400(self, user: httpx.AsyncClient, checksum: str) -> None:
        answer = await send(user, await begin(user), 0, CONTENT, **{"Upload-Checksum": checksum})

        assert answer.status_code in {400, 460}


class TestProtocol:
    async def test_options_tell_what_is_spoken(self, user: httpx.AsyncClient) -> None:
        answer = await user.options("/uploads")

        assert answer.status_code == 204
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,expiration,checksum,termination"
        assert answer.headers["tus-checksum-algorithm"] == "sha256,sha1"
        assert answer.headers["tus-max-size"] == "20000000"

    @pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
    async def test_other_versions_are_412(self, user: httpx.AsyncClient, version: dict[str, str]) -> None:
        path = await begin(user)
        answers = [
            await user.post("/uploads", headers=version | {"Upload-Length": "1"}),
            await user.head(path, headers=version),
            await user.delete(path, headers=version),
        ]

        assert {answer.status_code for answer in answers} == {412}
        assert {answer.headers["tus-version"] for answer in answers} == {"1.0.0"}

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 422),
            ({"Upload-Length": "-1"}, 422),
            ({"Upload-Length": "20000001"}, 413),
            ({"Upload-Length": "1", "Upload-Metadata": "filename ?"}, 400),
            ({"Upload-Length": "1", "Upload-Metadata": f"filename {encoded('../x')}"}, 400),
            ({"Upload-Length": "1", "Upload-Metadata": f"filename {encoded('x' + chr(10))}"}, 400),
            ({"Upload-Length": "1", "Upload-Metadata": "a eA==,a eA=="}, 400),
        ],
    )
    async def test_what_cannot_begin(
        self, user: httpx.AsyncClient, headers: dict[str, str], status: int
    ) -> None:
        assert (await user.post("/uploads", headers=TUS | headers)).status_code == status

    async def test_a_chunk_of_another_type_is_415(self, user: httpx.AsyncClient) -> None:
        path = await begin(user)
        headers = {"Content-Type": "application/octet-stream"}

        assert (await send(user, path, 0, CONTENT, **headers)).status_code == 415

    async def test_it_says_when_it_expires_and_then_does(
        self,
        user: httpx.AsyncClient,
        engine: AsyncEngine,
        file_settings: FileSettings,
        folder: Path,
    ) -> None:
        path = await begin(user)
        answer = await send(user, path, 0, CONTENT[:10])
        assert answer.headers["upload-expires"].endswith(" GMT")
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE files SET expires_at = now() - interval '1 s'"))
        storage = FileStorage.of(file_settings)
        assert storage is not None

        assert await FileSweeper(engine, storage).sweep() == 1
        assert (await user.head(path, headers=TUS)).status_code == 404
        assert (stored(folder), await count_parts(engine)) == ([], 0)

    async def test_termination_leaves_nothing(
        self, user: httpx.AsyncClient, engine: AsyncEngine, folder: Path
    ) -> None:
        path, complete = await begin(user), await begin(user, 1)
        await send(user, path, 0, CONTENT[:10])
        await send(user, complete, 0, b"x")

        assert (await user.delete(path, headers=TUS)).status_code == 204
        assert (await user.head(path, headers=TUS)).status_code == 404
        assert (await user.delete(complete, headers=TUS)).status_code == 404
        assert (len(stored(folder)), await count_parts(engine)) == (1, 0)

    async def test_anothers_is_not_there(self, user: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
        path = await begin(user)
        answers = [
            await other.head(path, headers=TUS),
            await send(other, path, 0, CONTENT),
            await other.delete(path, headers=TUS),
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert await offset_of(user, path) == 0

    async def test_what_was_announced_counts_against_the_quota(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        me = (await user.get("/users/me")).json()["id"]
        await admin.put(f"/users/{me}/limits", json={"stored_bytes": 100})
        path = await begin(user, 60)

        refused = await user.post("/uploads", headers=TUS | {"Upload-Length": "41"})
        assert (refused.status_code, refused.json()["code"]) == (413, "storage_quota_reached")
        assert (await send(user, path, 0, b"x" * 60)).status_code == 204
        await user.delete(path, headers=TUS)
        await begin(user, 40)


async def test_parts_that_a_crash_left_are_swept(
    user: httpx.AsyncClient, engine: AsyncEngine, file_settings: FileSettings, folder: Path
) -> None:
    path = await begin(user, 10)
    await send(user, path, 0, b"0123456789")
    (folder / "left").write_bytes(b"x")
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO file_parts (object_key, file_id) SELECT 'left', id FROM files")
        )
    storage = FileStorage.of(file_settings)
    assert storage is not None

    await FileSweeper(engine, storage).sweep()

    assert (len(stored(folder)), await count_parts(engine)) == (1, 0)
    assert (await user.get(file_of(path))).content == b"0123456789"
