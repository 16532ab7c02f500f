"""Whether a container engine answers, and which runtime follows from it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum

DEFAULT_SOCKET = "/var/run/docker.sock"
ANSWER_TIMEOUT_S = 2


class RuntimeChoice(StrEnum):
    """What `--runtime` takes."""

    AUTO = "auto"
    CONTAINER = "container"
    PROCESS = "process"


@dataclass(frozen=True, kw_only=True)
class RuntimeDecision:
    """The runtime and, in words, why."""

    runtime: RuntimeChoice
    reason: str


def engine_problem() -> str | None:
    """Return why no container engine can be used, or None when one answers.

    Asks over the bare socket: the Docker SDK takes longer to import than the engine to answer.
    """
    address = os.environ.get("DOCKER_HOST", f"unix://{DEFAULT_SOCKET}")
    try:
        with _connect(address) as connection:
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            answer = connection.recv(64)
    except FileNotFoundError:
        return f"no Docker engine is running ({address} does not exist)"
    except PermissionError:
        return f"{address} may not be used by this account; add it to the group docker"
    except (OSError, ValueError) as error:
        return f"no Docker engine answers at {address} ({getattr(error, 'strerror', None) or error})"
    return None if b" 200 " in answer else f"the Docker engine at {address} is not well"


def decide_runtime(choice: RuntimeChoice) -> RuntimeDecision:
    """Return the runtime to use; `auto` takes containers wherever an engine answers."""
    if choice is not RuntimeChoice.AUTO:
        return RuntimeDecision(runtime=choice, reason="asked for")
    problem = engine_problem()
    if problem is None:
        return RuntimeDecision(runtime=RuntimeChoice.CONTAINER, reason="a Docker engine answers")
    return RuntimeDecision(runtime=RuntimeChoice.PROCESS, reason=problem)


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
