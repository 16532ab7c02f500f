"""Files of 100 MB through a real API process: its memory stays flat, and half an upload leaves nothing."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.fixtures.api import log_in, running_api
from tests.fixtures.servers import wait_until
from tests.integration.files.conftest import stored

CHUNK = bytes(range(256)) * 4_000
CHUNKS = 100
GROWTH_MAX_BYTES = 90_000_000
"""A part that fills, three on their way, and what the allocator keeps; the file itself would be more."""


@pytest.fixture
def api_url(
    database_url: str, redis_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", folder.as_uri())
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


def process_at(url: str) -> psutil.Process:
    port = urlsplit(url).port
    return next(
        psutil.Process(one.pid)
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
    )


def test_memory_stays_flat_both_ways(api_url: str) -> None:
    process = process_at(api_url)
    digest = hashlib.sha256()
    most = 0

    def content() -> Iterator[bytes]:
        nonlocal most
        for _ in range(CHUNKS):
            digest.update(CHUNK)
            most = max(most, process.memory_info().rss)
            yield CHUNK

    with log_in(api_url) as client:
        before = process.memory_info().rss
        file = client.post("/files", content=content()).raise_for_status().json()
        received, size = hashlib.sha256(), 0
        with client.stream("GET", f"/files/{file['id']}") as answer:
            for chunk in answer.iter_bytes():
                received.update(chunk)
                size += len(chunk)
                most = max(most, process.memory_info().rss)

    assert size == CHUNKS * len(CHUNK) > GROWTH_MAX_BYTES
    assert file["sha256"] == digest.hexdigest() == received.hexdigest()
    assert most - before < GROWTH_MAX_BYTES


def test_an_upload_that_breaks_off_leaves_nothing(api_url: str, folder: Path) -> None:
    parts = urlsplit(api_url)
    with log_in(api_url) as client:
        head = (
            f"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: {CHUNKS * len(CHUNK)}\r\n"
            f"Authorization: {client.headers['authorization']}\r\n\r\n"
        )
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(head.encode())
            for _ in range(20):
                connection.sendall(CHUNK)
            wait_until(lambda: any(folder.rglob("*")))

        wait_until(lambda: stored(folder) == [])
        me = client.get("/users/me").json()["id"]
        client.put(f"/users/{me}/limits", json={"stored_bytes": 10}).raise_for_status()
        # Nor is what was announced counted any more.
        wait_until(lambda: client.post("/files", content=b"0123456789").status_code == 201)


def test_an_upload_in_pieces_keeps_what_came_before_the_line_was_cut(api_url: str) -> None:
    parts = urlsplit(api_url)
    tus = {"Tus-Resumable": "1.0.0"}
    with log_in(api_url) as client:
        begun = client.post("/uploads", headers=tus | {"Upload-Length": str(3 * len(CHUNK))})
        path = begun.raise_for_status().headers["location"]
        head = (
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {3 * len(CHUNK)}\r\nUpload-Offset: 0\r\n"
            f"Content-Type: application/offset+octet-stream\r\nTus-Resumable: 1.0.0\r\n"
            f"Authorization: {client.headers['authorization']}\r\n\r\n"
        )

        def offset() -> int:
            return int(client.head(f"{api_url}{path}", headers=tus).headers["upload-offset"])

        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(head.encode() + CHUNK)
            connection.shutdown(socket.SHUT_WR)

        wait_until(lambda: offset() > 0)
        sent = offset()
        rest = (CHUNK * 3)[sent:]
        client.patch(
            f"{api_url}{path}",
            content=rest,
            headers=tus | {"Upload-Offset": str(sent), "Content-Type": "application/offset+octet-stream"},
        ).raise_for_status()

        file_id = path.rpartition("/")[2]
        assert client.get(f"/files/{file_id}").content == CHUNK * 3
