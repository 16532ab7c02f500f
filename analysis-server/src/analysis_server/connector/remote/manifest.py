"""What a job left in `outputs`: each file with its size and SHA-256, as the host sees it that wrote it."""

import contextlib
import hashlib
import os
import stat
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional

from analysis_server.connector.remote import records
from analysis_server.connector.remote.folders import JobFolder

FILES_MAX = 10000
CHUNK_BYTES = 1 << 20
MARKERS = frozenset(["SUCCESS", "FAILED", "status.txt"])


def write(job: JobFolder, between: Callable[[], None]) -> None:
    """Keep the manifest; without room for it there is none, and who collects the outputs must list them."""
    with contextlib.suppress(OSError):
        records.write(job.outputs, make(job.part("outputs"), between))


def read(job: JobFolder) -> Optional[List[Dict[str, Any]]]:
    """Return the manifest, None if there is none."""
    manifest = records.read(job.outputs)
    return manifest if isinstance(manifest, list) else None


def make(
    root: str, between: Callable[[], None] = lambda: None, only: Optional[FrozenSet[Any]] = None
) -> List[Dict[str, Any]]:
    """Return the entries of plain files below a folder; no link is followed, markers are left out.

    What is called between two chunks may tell of life.
    """
    entries = []
    for path, fd in _files(root):
        if only is not None and path not in only:
            continue
        with contextlib.suppress(OSError):
            entries.append({"path": path, "size": os.fstat(fd).st_size, "sha256": _sha256(fd, between)})
        if len(entries) >= FILES_MAX:
            break
    return sorted(entries, key=lambda entry: str(entry["path"]))


def _files(root: str) -> Iterator["tuple[str, int]"]:
    if os.path.islink(root):
        return
    for folder, _, names, folder_fd in os.fwalk(root, follow_symlinks=False):
        below = os.path.relpath(folder, root)
        for name in sorted(names):
            path = name if below == "." else below + "/" + name
            if path in MARKERS or not _is_text(path):
                continue
            with contextlib.suppress(OSError):
                fd = os.open(
                    name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd
                )
                try:
                    if stat.S_ISREG(os.fstat(fd).st_mode):
                        yield path, fd
                finally:
                    os.close(fd)


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sha256(fd: int, between: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    while True:
        chunk = os.read(fd, CHUNK_BYTES)
        if not chunk:
            return digest.hexdigest()
        digest.update(chunk)
        between()
