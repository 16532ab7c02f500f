"""A plugin without `network` reaches nobody, and finds nobody's name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.integration.runtimes.hostile.conftest import Intruder

pytestmark = pytest.mark.docker


@pytest.fixture
def service() -> Iterator[int]:
    """Return the port of a service that listens at all addresses of this machine, as Redis might."""
    with socket.create_server(("", 0)) as listener:
        threading.Thread(target=_greet_all, args=[listener], daemon=True).start()
        yield int(listener.getsockname()[1])


def _greet_all(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"welcome")


def test_it_reaches_no_service_of_the_machine_and_no_address(intruder: Intruder, service: int) -> None:
    with socket.create_connection(("127.0.0.1", service)) as connection:
        assert connection.recv(64) == b"welcome"
    told = intruder.outcomes(
        {
            "loopback": ("connect", "127.0.0.1", service),
            "gateway": ("connect", "172.17.0.1", service),
            "peer": ("connect", "172.17.0.2", service),
            "metadata": ("connect", "169.254.169.254", 80),
            "outside": ("connect", "198.51.100.1", 80),
            "version 6": ("connect", "fe80::1", service),
            "name": ("look_up", "example.com"),
            "host": ("look_up", "host.docker.internal"),
        }
    )
    assert told["loopback"] == {"refused": "ECONNREFUSED"}
    for name in ("gateway", "peer", "metadata", "outside"):
        assert told[name] == {"refused": "ENETUNREACH"}
    for name in ("version 6", "name", "host"):
        assert "refused" in told[name]
