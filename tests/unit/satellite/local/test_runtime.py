"""Which runtime the local stack picks, and why."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from satellite.local.runtime import RuntimeOption, decide_runtime


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Starts an engine that gives one answer."""
    address = tmp_path / "engine.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(address))
        server.listen()
        servers.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(60)
    for server in servers:
        server.close()


class TestDecideRuntime:
    def test_answering_engine_means_containers(self, engine: Callable[[bytes], None]) -> None:
        engine(b"HTTP/1.0 200 OK\r\n\r\nOK")

        decision = decide_runtime(RuntimeOption.AUTO)

        assert decision.runtime is RuntimeOption.CONTAINER
        assert decision.reason == "a container engine answers"

    def test_sick_engine_means_processes(self, engine: Callable[[bytes], None]) -> None:
        engine(b"HTTP/1.0 500 Internal Server Error\r\n\r\n")

        assert decide_runtime(RuntimeOption.AUTO).runtime is RuntimeOption.PROCESS

    def test_no_engine_means_processes_and_says_where_it_looked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

        decision = decide_runtime(RuntimeOption.AUTO)

        assert decision.runtime is RuntimeOption.PROCESS
        assert f"{tmp_path}/none.sock does not exist" in decision.reason

    def test_what_was_asked_for_is_taken_without_asking_any_engine(self) -> None:
        assert decide_runtime(RuntimeOption.PROCESS).reason == "asked for"
