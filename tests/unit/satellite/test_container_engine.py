"""Where the container engine is looked for, by everybody alike."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from satellite.container_engine import address as engine_address
from satellite.container_engine.address import EngineAddress
from satellite.container_engine.client import client_arguments


def test_podman_is_found_where_docker_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_address, "DOCKER_SOCKET", tmp_path / "docker.sock")
    address = EngineAddress.read({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert address.url == f"unix://{tmp_path}/docker.sock"
    assert f"{tmp_path}/docker.sock does not exist" in str(address.problem())

    podman = tmp_path / "podman" / "podman.sock"
    podman.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(podman))
        engine.listen()

        def answer() -> None:
            connection, _ = engine.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nOK")

        thread = threading.Thread(target=answer)
        thread.start()
        assert address.problem() is None
        thread.join(60)
    assert client_arguments(address)["base_url"] == f"unix://{podman}"

    (tmp_path / "docker.sock").touch()
    assert address.url == f"unix://{tmp_path}/docker.sock"


def test_what_the_environment_says_comes_first(tmp_path: Path) -> None:
    address = EngineAddress.read({"DOCKER_HOST": "tcp://there:2375", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert address.url == "tcp://there:2375"
    assert client_arguments(address)["base_url"] == "tcp://there:2375"
