"""Storing, listing, reading and deleting files."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.main import create_app
from operation_server.settings import FileSettings, OperationSettings
from tests.integration.files.conftest import stored
from tests.integration.operation_server_api.conftest import ADMIN, log_in, started

CONTENT = bytes(range(256)) * 10_000
DIGEST = hashlib.sha256(CONTENT)


def content_digest(content: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"}


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 50_000):
        yield content[start : start + 50_000]


async def upload(client: httpx.AsyncClient, content: bytes = CONTENT, **headers: str) -> dict[str, Any]:
    answer = await client.post("/files", params={"name": "rows.csv"}, content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    file: dict[str, Any] = answer.json()
    return file


async def states(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT state FROM files ORDER BY created_at")))


class TestUpload:
    async def test_it_is_stored_with_its_digest(self, user: httpx.AsyncClient) -> None:
        answer = await user.post(
            "/files",
            params={"name": "Zeilen ü.csv"},
            content=CONTENT,
            headers={"Content-Type": "text/csv", **content_digest(CONTENT)},
        )

        file = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/api/v1/files/{file['id']}"
        assert (file["size_bytes"], file["sha256"]) == (len(CONTENT), DIGEST.hexdigest())
        assert (file["name"], file["media_type"]) == ("Zeilen ü.csv", "text/csv")
        assert (await user.get("/files")).json() == {"total": 1, "items": [file]}
        assert (await user.get(f"/files/{file['id']}/metadata")).json() == file

    async def test_one_of_unknown_length_or_of_nothing_too(self, user: httpx.AsyncClient) -> None:
        streamed = await user.post("/files", content=chunks(CONTENT))
        empty = await user.post("/files", content=b"")

        assert streamed.json()["sha256"] == DIGEST.hexdigest()
        assert (await user.get(f"/files/{streamed.json()['id']}")).content == CONTENT
        assert empty.json()["size_bytes"] == 0
        assert (await user.get(f"/files/{empty.json()['id']}")).content == b""

    async def test_other_bytes_than_were_sent_are_refused_and_leave_nothing(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        answer = await user.post("/files", content=CONTENT, headers=content_digest(b"other"))

        assert answer.status_code == 400
        assert answer.json()["code"] == "digest_mismatch"
        assert (stored(folder), await states(engine)) == ([], [])

    @pytest.mark.parametrize("digest", ["sha-256=x", "sha-256=:AAAA:", "nonsense", "sha-256=:===:"])
    async def test_what_is_no_digest_is_422(self, user: httpx.AsyncClient, digest: str) -> None:
        answer = await user.post("/files", content=b"1", headers={"Content-Digest": digest})

        assert (answer.status_code, answer.json()["code"]) == (422, "digest_malformed")

    async def test_digests_of_other_kinds_are_passed_over(self, user: httpx.AsyncClient) -> None:
        await upload(user, **{"Content-Digest": "md5=:Zm9v:"})

    @pytest.mark.parametrize("is_declared", [True, False])
    async def test_too_large_a_one_leaves_nothing(
        self, user: httpx.AsyncClient, folder: Path, engine: AsyncEngine, *, is_declared: bool
    ) -> None:
        content = bytes(20_000_001)
        answer = await user.post("/files", content=content if is_declared else chunks(content))

        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"
        assert (stored(folder), await states(engine)) == ([], [])

    @pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", "a\nb", "a\0b", "x" * 256])
    async def test_a_name_is_a_name(self, user: httpx.AsyncClient, name: str) -> None:
        answer = await user.post("/files", params={"name": name}, content=b"1")

        assert answer.status_code == 422

    async def test_compressed_ones_are_415(self, user: httpx.AsyncClient) -> None:
        answer = await user.post("/files", content=b"1", headers={"Content-Encoding": "gzip"})

        assert answer.status_code == 415

    async def test_other_routes_take_no_more_than_before(self, user: httpx.AsyncClient) -> None:
        answer = await user.post("/jobs", content=bytes(1_000_001))

        assert answer.status_code == 413


class TestQuota:
    async def limit(self, admin: httpx.AsyncClient, client: httpx.AsyncClient, stored_bytes: int) -> None:
        me = (await client.get("/users/me")).json()["id"]
        answer = await admin.put(f"/users/{me}/limits", json={"stored_bytes": stored_bytes})
        assert answer.status_code == 200

    @pytest.mark.parametrize("is_declared", [True, False])
    async def test_more_than_may_be_stored_leaves_nothing(
        self,
        user: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        folder: Path,
        *,
        is_declared: bool,
    ) -> None:
        await self.limit(admin, user, len(CONTENT) + 100)
        first = await upload(user)

        answer = await user.post("/files", content=bytes(101) if is_declared else chunks(bytes(101)))

        assert answer.status_code == 413
        assert stored(folder) == [first["id"]]
        await upload(user, bytes(100))
        await user.delete(f"/files/{first['id']}")
        await upload(user)

    async def test_two_at_once_do_not_pass_it_together(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, folder: Path
    ) -> None:
        await self.limit(admin, user, len(CONTENT) + 100)

        answers = await asyncio.gather(*(user.post("/files", content=chunks(CONTENT)) for _ in range(3)))

        assert sorted(answer.status_code for answer in answers) == [201, 413, 413]
        assert len(stored(folder)) == 1


class TestDownload:
    async def test_the_whole_with_all_that_is_known(self, user: httpx.AsyncClient) -> None:
        file = await upload(user, **{"Content-Type": "text/html"})

        answer = await user.get(f"/files/{file['id']}")
        head = await user.head(f"/files/{file['id']}")

        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["etag"] == f'"{DIGEST.hexdigest()}"'
        assert answer.headers["repr-digest"] == content_digest(CONTENT)["Content-Digest"]
        assert answer.headers["accept-ranges"] == "bytes"
        # Nobody's page runs under our address.
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(CONTENT))

    @pytest.mark.parametrize(
        ("wanted", "start", "end"),
        [
            ("bytes=0-99", 0, 100),
            ("bytes=100-", 100, len(CONTENT)),
            ("bytes=-100", len(CONTENT) - 100, len(CONTENT)),
            ("bytes=2559999-9999999", 2_559_999, 2_560_000),
            ("bytes=-99999999", 0, len(CONTENT)),
        ],
    )
    async def test_a_part(self, user: httpx.AsyncClient, wanted: str, start: int, end: int) -> None:
        file = await upload(user)

        answer = await user.get(f"/files/{file['id']}", headers={"Range": wanted})

        assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"

    @pytest.mark.parametrize("wanted", ["bytes=2560000-", "bytes=9999999-", "bytes=-0"])
    async def test_beyond_its_end_is_416(self, user: httpx.AsyncClient, wanted: str) -> None:
        file = await upload(user)

        answer = await user.get(f"/files/{file['id']}", headers={"Range": wanted})

        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("wanted", ["bytes=5-1", "lines=1-2", "bytes=", "bytes=-", "bytes=0-1,4-5"])
    async def test_what_is_no_part_is_the_whole(self, user: httpx.AsyncClient, wanted: str) -> None:
        file = await upload(user, b"0123456789")

        answer = await user.get(f"/files/{file['id']}", headers={"Range": wanted})

        assert (answer.status_code, answer.content) == (200, b"0123456789")

    async def test_one_that_is_resumed_gets_no_part_of_another(self, user: httpx.AsyncClient) -> None:
        file = await upload(user, b"0123456789")
        part = {"Range": "bytes=8-"}

        same = await user.get(f"/files/{file['id']}", headers=part | {"If-Range": f'"{file["sha256"]}"'})
        another = await user.get(f"/files/{file['id']}", headers=part | {"If-Range": '"another"'})

        assert (same.status_code, same.content) == (206, b"89")
        assert (another.status_code, another.content) == (200, b"0123456789")


class TestWhose:
    async def test_anothers_is_as_if_it_were_not_there(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        path = f"/files/{(await upload(user))['id']}"
        foreign = [await other.get(path), await other.delete(path)]
        missing = await other.get("/files/" + "0" * 32)

        assert [answer.status_code for answer in foreign] == [404, 404]
        assert (await other.get(f"{path}/metadata")).status_code == 404
        assert {**missing.json(), "request_id": ""} == {**foreign[0].json(), "request_id": ""}
        assert (await other.get("/files")).json()["total"] == 0
        assert (await admin.get(path)).status_code == 200
        assert (await admin.get("/files")).json()["total"] == 1


class TestDeletion:
    async def test_it_is_gone_and_told_of(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, folder: Path, engine: AsyncEngine
    ) -> None:
        file = await upload(user)

        assert (await user.delete(f"/files/{file['id']}")).status_code == 204
        assert (await user.get(f"/files/{file['id']}")).status_code == 404
        assert (await user.delete(f"/files/{file['id']}")).status_code == 404
        assert (stored(folder), await states(engine)) == ([], [])
        (told,) = (await admin.get("/audit", params={"action": "file.delete"})).json()["items"]
        assert (told["object_id"], told["detail"]) == (file["id"], {"name": "rows.csv"})


class TestWithoutStorage:
    @pytest.fixture
    def file_settings(self) -> FileSettings:
        return FileSettings()

    async def test_it_says_what_to_do(self, user: httpx.AsyncClient) -> None:
        answer = await user.post("/files", content=b"1")

        assert (answer.status_code, answer.json()["code"]) == (503, "storage_missing")
        assert "SATELLITE_FILES_STORAGE_URL" in answer.json()["detail"]


class TestStorageAway:
    async def test_nothing_is_stored_and_nothing_stays(
        self, settings: OperationSettings, folder: Path, engine: AsyncEngine
    ) -> None:
        async with started(create_app(settings)) as stranger:
            admin = await log_in(stranger, ADMIN)
            folder.rmdir()
            folder.write_bytes(b"a file where a folder should be")
            answer = await admin.post("/files", content=b"1")

        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert "retry-after" in answer.headers
        assert str(folder) not in answer.text
