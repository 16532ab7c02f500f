"""Looks at the program of an ended container: whether the kernel could take it for one.

What the kernel does not, an engine's init process hands to `/bin/sh` as if it were a script. So its exit code
tells nothing, and neither does the shell, which complains about some line of it or other. The same shell is
asked for the first bytes, in a second container like the first. The engine could read them itself, but its
calls for files of containers have led to the machine's own (CVE-2026-41567, -41568, -42306): none is used.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import select
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog
from docker import APIClient
from docker.errors import APIError

from analysis_server.runtimes.container.attach_stream import FrameDemultiplexer
from analysis_server.runtimes.container.engine import ENGINE_FAULTS
from analysis_server.runtimes.container.session import ContainerSession
from analysis_server.runtimes.run import program_head

logger = structlog.get_logger(__name__)

SHELL_CODES: Final = frozenset({2, 126, 127})
"""What shells end with that cannot run a script."""
LOOK_S: Final = 10.0
_ATTACH: Final = {"stdout": 1, "stderr": 1, "stream": 1}
_COUNT: Final = program_head.HEAD_BYTES
_SCRIPT: Final = (
    f'for place; do head -c {_COUNT} "$place" 2>/dev/null && break; done; head -c {_COUNT} /bin/sh >&2'
)
"""Writes how the first of some files that is there begins, and how one begins that runs here."""


def has_wrong_format(client: APIClient, found: Mapping[str, Any]) -> bool:
    """Tell whether the program of a container, known by its inspection, is a binary that cannot run there.

    Where that cannot be seen it is left at what the program ended with.
    """
    try:
        head, proven = _heads(client, found)
    except ENGINE_FAULTS as error:
        logger.warning("program not seen", container_id=found["Id"], error=str(error))
        return False
    return bool(proven) and program_head.has_wrong_format(head, proven=proven)


def _heads(client: APIClient, found: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return what the shell of a container's image writes about its program and about itself."""
    container_id = str(client.create_container_from_config(_look(found))["Id"])  # type: ignore[no-untyped-call]
    head, proven = bytearray(), bytearray()
    frames = FrameDemultiplexer(stdout=head.extend, stderr=proven.extend)
    try:
        attached = ContainerSession(container_id, client.attach_socket(container_id, params=_ATTACH))
        with contextlib.closing(attached):
            client.start(container_id)
            until = time.monotonic() + LOOK_S
            # It is the image's own shell, which may write anything for any time.
            while len(head) + len(proven) < 2 * _COUNT and _is_readable(attached, until):
                piece = os.read(attached.fileno(), 4096)
                if not piece:
                    break
                frames.feed(piece)
        return bytes(head[:_COUNT]), bytes(proven[:_COUNT])
    finally:
        with contextlib.suppress(APIError):
            client.remove_container(container_id, force=True, v=True)


def _is_readable(attached: ContainerSession, until: float) -> bool:
    poll = select.poll()
    poll.register(attached, select.POLLIN)
    return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


def _look(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a create call for a container that only looks, under the fences of the other."""
    config = found["Config"]
    return {
        "Image": found["Image"],
        "User": config["User"],
        "Labels": config["Labels"],
        "Entrypoint": ["/bin/sh", "-c", _SCRIPT, "sh", *_places(found)],
        "WorkingDir": "/",
        "NetworkDisabled": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            **found["HostConfig"],
            "NetworkMode": "none",
            "Mounts": [],
            "LogConfig": {"Type": "none"},
        },
    }


def _places(found: Mapping[str, Any]) -> Iterator[str]:
    program, config = str(found["Path"]), found["Config"]
    if "/" in program:
        yield posixpath.join(config.get("WorkingDir") or "/", program)
        return
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or ())
    for folder in variables.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(":"):
        yield posixpath.join(folder or "/", program)
