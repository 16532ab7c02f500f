"""Packs the remote side into one file, byte by byte the same for the same code."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Final

from analysis_server.connector import remote

PACKAGE: Final = "analysis_server/connector/remote"
SHEBANG: Final = b"#!/usr/bin/env python3\n"
MAIN: Final = "from analysis_server.connector.remote.__main__ import main\n\nmain()\n"
# No file may say when it was made.
MADE_AT: Final = (1980, 1, 1, 0, 0, 0)


def build() -> tuple[bytes, str]:
    """Return the file and its SHA-256 in hexadecimal digits."""
    buffer = io.BytesIO(SHEBANG)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(_files().items()):
            archive.writestr(_entry(name), content)
    content = buffer.getvalue()
    return content, hashlib.sha256(content).hexdigest()


def file_name(sha256: str) -> str:
    """Return what the file is called on a cluster."""
    return f"agent-{sha256[:16]}.pyz"


def _files() -> dict[str, bytes]:
    # The packages above it are empty there, since on a cluster there is nothing else of ours.
    files = {
        "__main__.py": MAIN.encode(),
        "analysis_server/__init__.py": b"",
        "analysis_server/connector/__init__.py": b"",
    }
    folder = Path(remote.__path__[0])
    return files | {f"{PACKAGE}/{path.name}": path.read_bytes() for path in folder.glob("*.py")}


def _entry(name: str) -> zipfile.ZipInfo:
    # Stored as they are: other releases of the library compress otherwise.
    entry = zipfile.ZipInfo(name, MADE_AT)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry
