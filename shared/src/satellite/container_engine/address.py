"""Where the container engine is, Docker's or Podman's, and whether it answers."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

HOST, TLS_VERIFY, CERT_PATH = "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"
DOCKER_SOCKET = Path("/var/run/docker.sock")
ANSWER_TIMEOUT_S = 2
NOT_OURS = "{url} may not be used by this account; add it to the group docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """`DOCKER_HOST` and its neighbours, with paths that mean the same in every process of this user."""

    docker: Mapping[str, str] = field(default_factory=dict)
    user_folder: Path = field(default_factory=lambda: Path(f"/run/user/{os.getuid()}"))
    """Where Podman has its socket."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Take what an environment says."""
        docker = {name: environ[name] for name in (HOST, TLS_VERIFY, CERT_PATH) if environ.get(name)}
        if docker.keys() & {TLS_VERIFY, CERT_PATH}:
            docker[CERT_PATH] = str(Path(docker.get(CERT_PATH) or Path.home() / ".docker").absolute())
        given = environ.get("XDG_RUNTIME_DIR")
        return cls(docker=docker, user_folder=Path(given)) if given else cls(docker=docker)

    @property
    def url(self) -> str:
        """Return `DOCKER_HOST`, else Docker's socket, else Podman's of this user, else Docker's again."""
        podman = self.user_folder / "podman" / "podman.sock"
        found = podman if podman.exists() and not DOCKER_SOCKET.exists() else DOCKER_SOCKET
        return self.docker.get(HOST) or f"unix://{found}"

    def problem(self) -> str | None:
        """Return why no container engine can be used, or None when one answers.

        Asks over the bare socket: the Docker SDK takes longer to import than the engine to answer. Of one
        behind TLS it only asks whether somebody listens. Takes 2 s at most.
        """
        try:
            with _connect(self.url) as connection:
                if TLS_VERIFY in self.docker:
                    return None
                connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
                answer = connection.recv(64)
        except FileNotFoundError:
            return f"no container engine is running ({self.url} does not exist)"
        except PermissionError:
            return NOT_OURS.format(url=self.url)
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or error
            return f"no container engine answers at {self.url} ({told})"
        return None if b" 200 " in answer else f"the container engine at {self.url} is not well"

    def forbidden(self) -> str | None:
        """Return that this account may not use the engine's socket, or None where it may or there is none."""
        scheme, _, path = self.url.partition("://")
        if scheme != "unix" or not Path(path).exists() or os.access(path, os.R_OK | os.W_OK):
            return None
        return f"{HOST}: {NOT_OURS.format(url=self.url)}"


def _connect(address: str) -> socket.socket:
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(rest)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = rest.rstrip("/").partition(":")
    return socket.create_connection((host, int(port or 2375)), timeout=ANSWER_TIMEOUT_S)
