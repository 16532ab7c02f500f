"""Looks at the program of an ended container: whether the kernel could take it for one.

What the kernel does not, an engine's init process hands to `/bin/sh` as if it were a script. So its exit code
tells nothing, and neither does the shell, which complains about some line of it or other.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final, cast

import structlog
from docker import APIClient
from docker.errors import NotFound

from analysis_server.runtimes.container.engine import ENGINE_FAULTS
from analysis_server.runtimes.run import program_head

logger = structlog.get_logger(__name__)

SHELL: Final = "/bin/sh"
SHELL_CODES: Final = frozenset({2, 126, 127})
"""What shells end with that cannot run a script."""
LINKS_MAX: Final = 8


def has_wrong_format(client: APIClient, found: Mapping[str, Any]) -> bool:
    """Tell whether the program of a container, known by its inspection, is a binary that cannot run there.

    An engine that does not show it leaves it at what the program ended with.
    """
    container_id = str(found["Id"])
    try:
        head = next(filter(None, (_head(client, container_id, path) for path in _places(found))), b"")
        return program_head.has_wrong_format(head, proven=_head(client, container_id, SHELL))
    except (*ENGINE_FAULTS, tarfile.TarError) as error:
        logger.warning("program not seen", container_id=container_id, error=str(error))
        return False


def _places(found: Mapping[str, Any]) -> Iterator[str]:
    program, config = str(found["Path"]), found["Config"]
    if "/" in program:
        yield posixpath.join(config.get("WorkingDir") or "/", program)
        return
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or ())
    for folder in variables.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(":"):
        yield posixpath.join(folder or "/", program)


def _head(client: APIClient, container_id: str, path: str) -> bytes:
    """Return how a file begins, nothing where there is none."""
    for _ in range(LINKS_MAX):
        try:
            chunks, told = client.get_archive(container_id, path)
        except NotFound:
            return b""
        if not told.get("linkTarget"):
            return _first_bytes(chunks)
        path = posixpath.join(posixpath.dirname(path), told["linkTarget"])
    return b""


def _first_bytes(chunks: Iterator[bytes]) -> bytes:
    with tarfile.open(fileobj=cast("IO[bytes]", _Stream(chunks)), mode="r|") as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isfile() else None
        return file.read(program_head.HEAD_BYTES) if file is not None else b""


class _Stream:
    """What is read of an answer, as the file that `tarfile` wants."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
