"""Files of this machine, known by their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file that is sent: whoever sends it sees to it that nobody changes it meanwhile."""

    path: Path
    sha256: str
    size_bytes: int


def read_local_file(path: Path) -> LocalFile:
    """Return a file with its size and digest, for which it is read once."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return LocalFile(path=path, sha256=digest, size_bytes=file.tell())
