"""Connections to the container engine (Docker, or Podman's socket)."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests
import structlog
from docker import APIClient
from docker.errors import APIError, DockerException

from analysis_server.runtimes.container.kept_output import LOG_DRIVER
from satellite.container_engine.address import EngineAddress
from satellite.container_engine.client import client_arguments
from satellite.contracts.image_reference import is_image_reference

logger = structlog.get_logger(__name__)

ENGINE_FAULTS = (DockerException, requests.RequestException, OSError)
"""What a call raises when the engine refuses or does not answer."""

CALL_TIMEOUT_S = 60
IDLE_CLIENTS_MAX = 16
"""Each may hold up to 25 connections: the SDK keeps one for each path, and ignores a limit it is given."""


class _Place(NamedTuple):
    """What an engine is found again by, if at all."""

    name: str | None


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
        self._place: _Place | None = None

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

    def place(self) -> str | None:
        """Return an id that no other engine has; None of one that keeps no output for later readers.

        Podman keeps none in this form: it has no log driver `local`. A proxy may refuse to tell.

        Raises:
            DockerException, RequestException, OSError: it does not answer, and was never asked before.
        """
        if self._place is None:
            try:
                with self.client() as client:
                    told = client.info()
            except APIError as error:
                if not error.is_client_error():
                    raise
                told = {"refused": str(error)}
            keeps_output = LOG_DRIVER in (told.get("Plugins") or {}).get("Log", ())
            if not keeps_output:
                reason = told.get("refused") or f"the engine has no log driver {LOG_DRIVER}"
                logger.warning("no run outlives its worker here", reason=reason)
            # Machines made from one image may share an id, but not their names as well.
            self._place = _Place(f"{told['ID']}@{told['Name']}" if keeps_output else None)
        return self._place.name

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


def probe_client(address: EngineAddress, timeout_s: int = 2) -> APIClient:
    """Return a client that waits only briefly, or raise one of `ENGINE_FAULTS` where no engine answers."""
    return APIClient(version="auto", timeout=timeout_s, **client_arguments(address))


def probe(address: EngineAddress) -> str:
    """Return the engine's version, or raise one of `ENGINE_FAULTS` where none answers in time."""
    with contextlib.closing(probe_client(address)) as client:
        return str(client.version()["Version"])
