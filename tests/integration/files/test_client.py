"""The Python client and `satellite file` over a line that breaks."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from satellite.client import NotFound, SatelliteClient, ServerUnreachable, TransferCorrupted
from satellite.client.files import TRIES
from tests.fixtures.api import ADMIN, log_in, running_api
from tests.integration.files.conftest import stored

CONTENT = random.Random(7).randbytes(3_000_000)


@pytest.fixture
def api_url(
    database_url: str, redis_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", folder.as_uri())
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


class BreakingLine:
    """Passes connections on, and cuts each after so many bytes in one direction while it is told to."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self.after_bytes = 0
        self.sends = True
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """End all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for end in (self._listener, *self._ends):
            hang_up(end)
        for thread in self._threads:
            thread.join(10)
        for end in (self._listener, *self._ends):
            end.close()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._ends += [client, server]
                self._start(self._pass, client, server, True)
                self._start(self._pass, server, client, False)

    def _pass(self, source: socket.socket, target: socket.socket, is_sent: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                passed += len(data)
                if self.cuts > 0 and is_sent is self.sends and passed > self.after_bytes:
                    self.cuts -= 1
                    break
                target.sendall(data)
        hang_up(source)
        hang_up(target)


def hang_up(end: socket.socket) -> None:
    """Let both sides notice that the connection has ended."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(api_url: str) -> Iterator[BreakingLine]:
    line = BreakingLine(api_url)
    yield line
    line.close()


@pytest.fixture
def client(line: BreakingLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[SatelliteClient]:
    monkeypatch.setattr("satellite.client.files.PAUSE_S", 0.01)
    monkeypatch.setattr("satellite.client.files.CHUNK_BYTES", 1_000_000)
    with SatelliteClient(line.url) as client:
        client.login(**ADMIN)
        yield client


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A file of this machine."""
    path = tmp_path / "rows ü.csv"
    path.write_bytes(CONTENT)
    return path


def test_there_and_back(client: SatelliteClient, here: Path, tmp_path: Path) -> None:
    file = client.upload_file(here)
    empty = client.upload_file(tmp_path / "empty") if (tmp_path / "empty").write_bytes(b"") == 0 else None
    client.download_file(file.id, tmp_path / "back")

    assert (file.name, file.media_type, file.size_bytes) == ("rows ü.csv", "text/csv", len(CONTENT))
    assert (tmp_path / "back").read_bytes() == CONTENT
    assert empty is not None
    assert client.download_file(empty.id, tmp_path / "nothing").size_bytes == 0
    assert (tmp_path / "nothing").read_bytes() == b""
    client.delete_file(file.id)
    assert [one.id for one in client.list_files().items] == [empty.id]
    with pytest.raises(NotFound):
        client.download_file(file.id, tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_both_go_on_where_they_broke_off(
    client: SatelliteClient, line: BreakingLine, here: Path, tmp_path: Path
) -> None:
    line.after_bytes, line.cuts, line.sends = 600_000, 4, True
    file = client.upload_file(here)
    assert line.cuts == 0

    line.after_bytes, line.cuts, line.sends = 400_000, 4, False
    client.download_file(file.id, tmp_path / "back")

    assert line.cuts == 0
    assert (tmp_path / "back").read_bytes() == CONTENT


def test_a_line_that_never_holds_is_given_up_and_leaves_no_half_file(
    client: SatelliteClient, line: BreakingLine, here: Path, tmp_path: Path
) -> None:
    file = client.upload_file(here)
    # Enough for the heads of some answers, and for no chunk of a file.
    line.after_bytes, line.cuts, line.sends = 20_000, 1_000, False

    with pytest.raises(ServerUnreachable):
        client.download_file(file.id, tmp_path / "back")
    assert 1_000 - line.cuts >= TRIES
    assert [path.name for path in tmp_path.glob("back*")] == []


def test_bytes_that_changed_in_the_storage_are_noticed(
    client: SatelliteClient, here: Path, tmp_path: Path, folder: Path
) -> None:
    file = client.upload_file(here)
    (name,) = stored(folder)
    (folder / name).write_bytes(bytes(len(CONTENT)))

    with pytest.raises(TransferCorrupted):
        client.download_file(file.id, tmp_path / "back")
    assert [path.name for path in tmp_path.glob("back*")] == []


def test_the_command_line(api_url: str, here: Path, tmp_path: Path) -> None:
    with log_in(api_url) as client:
        token = client.headers["authorization"].removeprefix("Bearer ")
    environment = os.environ | {"SATELLITE_URL": api_url, "SATELLITE_TOKEN": token}

    def satellite(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "satellite.cli.main", "file", *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)

    put = satellite("put", str(here), "--name", "named.csv", "--json")
    assert put.returncode == 0, put.stderr
    file_id = json.loads(put.stdout)["id"]
    listed = json.loads(satellite("list", "--json").stdout)
    got = satellite("get", file_id)

    assert [one["name"] for one in listed["items"]] == ["named.csv"]
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "named.csv").read_bytes() == CONTENT
    assert satellite("delete", file_id).returncode == 0
    assert satellite("get", file_id).returncode == 4
