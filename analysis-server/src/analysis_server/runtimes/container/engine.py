"""Connections to the container engine (Docker, or Podman's socket)."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env

ENGINE_FAULTS = (DockerException, requests.RequestException, OSError)
"""What a call raises when the engine refuses or does not answer."""

CALL_TIMEOUT_S = 60
IDLE_CLIENTS_MAX = 16
"""Each may hold up to 25 connections: the SDK keeps one for each path, and ignores a limit it is given."""


class Engine:
    """Hands out API clients, each used by one thread at a time.

    A client holds a `requests.Session`, which is not promised to be thread-safe. The API version is
    negotiated once, which saves each further client a round trip.
    """

    def __init__(self, *, timeout_s: int = CALL_TIMEOUT_S) -> None:
        """Connect to nothing yet."""
        self._timeout_s = timeout_s
        self._idle: queue.LifoQueue[APIClient] = queue.LifoQueue(IDLE_CLIENTS_MAX)
        self._lock = threading.Lock()
        self._version: str | None = None

    @contextlib.contextmanager
    def client(self) -> Iterator[APIClient]:
        """Lend a client for the block."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect()
        try:
            yield client
        except BaseException:
            # Its connection may be in the middle of an answer.
            client.close()
            raise
        try:
            self._idle.put_nowait(client)
        except queue.Full:
            client.close()

    def close(self) -> None:
        """Close the clients that nobody uses."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _connect(self) -> APIClient:
        with self._lock:
            version = self._version
        client = APIClient(
            version=version or "auto",
            timeout=self._timeout_s,
            **engine_address(),
        )
        with self._lock:
            self._version = str(client.api_version)
        return client


def engine_address() -> dict[str, Any]:
    """Return where the engine is: `DOCKER_HOST`, else Docker's socket, else Podman's of this user."""
    given: dict[str, Any] = {**kwargs_from_env()}
    if given or Path("/var/run/docker.sock").exists():
        return given
    folder = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    podman = Path(folder) / "podman" / "podman.sock"
    return {"base_url": f"unix://{podman}"} if podman.exists() else {}


def inspect_image(client: APIClient, image: str) -> dict[str, Any]:
    """Return what the engine knows of an image; raise `ImageNotFound` if it has none of that name."""
    found: dict[str, Any] = client.inspect_image(image)  # type: ignore[no-untyped-call]
    return found


def probe(timeout_s: int = 2) -> str:
    """Return the engine's version, or raise one of `ENGINE_FAULTS` where none answers in time."""
    client = APIClient(version="auto", timeout=timeout_s, **engine_address())
    try:
        return str(client.version()["Version"])
    finally:
        client.close()
