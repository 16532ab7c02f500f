"""One container from its creation to its removal, attached before it starts so that no output is lost."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from analysis_server.runtimes.container.creation import ContainerCreator
from analysis_server.runtimes.container.engine import Engine
from analysis_server.runtimes.container.folder import ContainerFolder
from analysis_server.runtimes.secrets.giving import NOTHING, GivenSecrets

_ATTACH = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class ContainerSession:
    """A started container whose stdin, stdout and stderr are ours."""

    def __init__(
        self,
        container_id: str,
        attached: Any,
        *,
        folder: ContainerFolder | None = None,
        secrets: GivenSecrets = NOTHING,
    ) -> None:
        """Take a container, what `attach_socket` returned for it, what it shares with us, and its secrets."""
        self.container_id = container_id
        self.folder = folder
        self.secrets = secrets
        self._attached = attached
        self._socket: socket.socket = attached._sock  # noqa: SLF001 - the SDK gives a read-only wrapper
        self._socket.settimeout(None)
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor on which frames are read and input is written."""
        return self._socket.fileno()

    def end_input(self) -> None:
        """Let the plugin see the end of its input; output still comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of the streams."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The response owns the reader above the socket: closing what lies below it first would make it fail.
        response = getattr(self._attached, "_response", None)
        if response is not None:
            response.close()
        with contextlib.suppress(OSError):
            self._attached.close()
        self._socket.close()


def open_session(
    client: APIClient,
    config: dict[str, Any],
    creator: ContainerCreator,
    *,
    secrets: GivenSecrets,
    folder: ContainerFolder | None = None,
) -> ContainerSession:
    """Create a container, attach to it and start it; nothing is left of it if that fails."""
    container_id = creator.create(client, config)
    session: ContainerSession | None = None
    try:
        attached = client.attach_socket(container_id, params=_ATTACH)
        session = ContainerSession(container_id, attached, folder=folder, secrets=secrets)
        client.start(container_id)
    except BaseException:
        if session is not None:
            session.close()
        with contextlib.suppress(APIError):
            client.remove_container(container_id, force=True, v=True)
        raise
    return session


def kill(engine: Engine, container_id: str) -> None:
    """Kill everything in the container for real; fine if it has ended already."""
    with engine.client() as client:
        try:
            client.kill(container_id, signal="KILL")
        except NotFound:
            return
        except APIError as error:
            # 409: it is not running.
            if error.status_code != 409:
                raise
