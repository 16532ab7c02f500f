"""A file that comes back in pieces, and what of it has come, also after this process was killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from analysis_server.connector.transfer.ranges import Range


class PartFile:
    """The part of a file, and beside it a list of ranges. Safe to use from many threads."""

    def __init__(self, target: Path, sha256: str) -> None:
        """Open what there is of this content, or begin."""
        self._target, self._sha256 = target, sha256
        self._part = target.with_name(f"{target.name}.{sha256[:16]}.part")
        self._ranges_file = target.with_name(f"{target.name}.{sha256[:16]}.ranges")
        target.parent.mkdir(parents=True, exist_ok=True)
        self._guard = threading.Lock()
        self._fd = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; what has come stays."""
        os.close(self._fd)

    def ranges(self) -> list[Range]:
        """Return what has come."""
        try:
            lines = self._ranges_file.read_text().split("\n")[:-1]
            return [(int(offset), int(length)) for offset, length in (line.split(" ") for line in lines)]
        except (OSError, ValueError):
            return []

    def write(self, data: bytes, offset: int) -> None:
        """Write some bytes; they count once they are noted."""
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, offset)
            view, offset = view[done:], offset + done

    def note(self, offset: int, length: int) -> None:
        """Note what has come."""
        if length:
            with self._guard, self._ranges_file.open("a") as file:
                file.write(f"{offset} {length}\n")

    def finish(self, size_bytes: int) -> bool:
        """Put the file in its place if it is what was meant; otherwise drop it, and return False."""
        os.ftruncate(self._fd, size_bytes)
        with self._part.open("rb") as file:
            is_meant = hashlib.file_digest(file, "sha256").hexdigest() == self._sha256
        if is_meant:
            os.fsync(self._fd)
            self._part.replace(self._target)
        else:
            self._part.unlink()
        with contextlib.suppress(FileNotFoundError):
            self._ranges_file.unlink()
        return is_meant
