"""Cached files put where a job looks for them: as another name of the same file, or as a copy."""

import contextlib
import os
import shutil
from typing import Any, Dict, List

from analysis_server.connector.remote import names
from analysis_server.connector.remote.cache import FILES_MAX, SIZE_MAX, Cache, digest_of, disk_fault
from analysis_server.connector.remote.errors import BadRequest
from analysis_server.connector.remote.folders import PARTS, JobFolder

LINKED_FROM_BYTES = 1 << 20
"""Smaller files are copied, so that a job may change them."""


def place(base: str, body: Any) -> Dict[str, Any]:
    """Put cached files into a job's folder, and tell which are not cached any more; may be repeated."""
    body = names.mapping(body, field="The request")
    job = JobFolder(base, names.folder_name(body.get("name")))
    job.make()
    cache = Cache(base)
    lacking: List[str] = []
    for given in names.listing(body.get("files"), field="files", items_max=FILES_MAX):
        entry = names.mapping(given, field="files")
        digest = digest_of(entry.get("sha256"))
        size = names.number(entry.get("size"), field="size", least=0, most=SIZE_MAX)
        if cache.has(digest, size):
            _place(cache, digest, size, path_in(job, entry.get("path")))
        else:
            lacking.append(digest)
    return {"missing": lacking}


def path_in(job: JobFolder, value: Any) -> str:
    """Return a path in one of the folders that a job finds, of which no folder on the way is a link."""
    path = names.relative_path(value, field="path")
    if path.split("/")[0] not in PARTS:
        raise BadRequest("A file belongs into one of %s, not to %s." % (", ".join(PARTS), names.shown(path)))
    folder = job.path
    for name in path.split("/")[:-1]:
        folder = os.path.join(folder, name)
        if os.path.islink(folder):
            raise BadRequest("%s leads out of the job's folder." % names.shown(path))
    return job.part(path)


def _place(cache: Cache, digest: str, size: int, target: str) -> None:
    cache.touch(digest)
    source, part = cache.file(digest), target + ".satellite-part"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(OSError):
            os.unlink(part)
        if size < LINKED_FROM_BYTES or not _link(source, part):
            shutil.copyfile(source, part)
        os.rename(part, target)
        # Two names of one file are not renamed.
        with contextlib.suppress(OSError):
            os.unlink(part)
    except OSError as error:
        raise disk_fault(error) from error


def _link(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError:
        # Another file system, one without links, or as many names as one file may have.
        return False
    return True
