"""Connections to the container engine (Docker, or Podman's socket)."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from analysis_server.runtimes.container.engine_address import HOST, EngineAddress
from satellite.contracts.image_reference import is_image_reference

ENGINE_FAULTS = (DockerException, requests.RequestException, OSError)
"""What a call raises when the engine refuses or does not answer."""

CALL_TIMEOUT_S = 60
IDLE_CLIENTS_MAX = 16
"""Each may hold up to 25 connections: the SDK keeps one for each path, and ignores a limit it is given."""


class ImageReferenceBad(ValueError):
    """What should name an image cannot, and would lead astray in the address of a call."""


class Engine:
    """Hands out API clients, each used by one thread at a time.

    A client holds a `requests.Session`, which is not promised to be thread-safe. The API version is
    negotiated once, which saves each further client a round trip.
    """

    def __init__(self, address: EngineAddress, *, timeout_s: int = CALL_TIMEOUT_S) -> None:
        """Connect to nothing yet."""
        self._address = address
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
            **client_arguments(self._address),
        )
        with self._lock:
            self._version = str(client.api_version)
        return client


def client_arguments(address: EngineAddress) -> dict[str, Any]:
    """Return what leads a client to `DOCKER_HOST`, else to Docker's socket, else to Podman's of this user."""
    # Of an empty mapping the SDK would read the environment of this process instead.
    given: dict[str, Any] = {**kwargs_from_env({HOST: "", **address.docker})}
    if given or Path("/var/run/docker.sock").exists():
        return given
    podman = address.user_folder / "podman" / "podman.sock"
    return {"base_url": f"unix://{podman}"} if podman.exists() else {}


def inspect_image(client: APIClient, image: str) -> dict[str, Any]:
    """Return what the engine knows of an image.

    Raises:
        ImageNotFound: it has none of that name.
        ImageReferenceBad: there can be none of that name.
    """
    if not is_image_reference(image):
        raise ImageReferenceBad(image)
    found: dict[str, Any] = client.inspect_image(image)  # type: ignore[no-untyped-call]
    return found


def probe(address: EngineAddress, timeout_s: int = 2) -> str:
    """Return the engine's version, or raise one of `ENGINE_FAULTS` where none answers in time."""
    client = APIClient(version="auto", timeout=timeout_s, **client_arguments(address))
    try:
        return str(client.version()["Version"])
    finally:
        client.close()
