"""What jobs share kept small: what nobody needed for long goes, and what never came as a whole."""

import contextlib
import os
import shutil
import stat
from typing import Any, Dict, List, Tuple

from analysis_server.connector.remote import names, python_environment
from analysis_server.connector.remote.cache import DIGEST_PATTERN, VERIFIED_AT_S, Cache, now_s

SHOWN_MAX = 10000


def cached(base: str, _body: Any) -> Dict[str, Any]:
    """Return the digests of cached files, those needed last first, at most 10,000."""
    return {"digests": [digest for _, _, digest in _files(Cache(base))[::-1][:SHOWN_MAX]]}


def trim(base: str, body: Any) -> Dict[str, Any]:
    """Remove files that nobody needed for `keep_s`, and the oldest while less than `free_bytes` are free.

    Environments of requirements go by their age alone.
    What jobs still have as an input stays theirs; only its place in the cache goes.
    """
    body = names.mapping(body, field="The request")
    keep_s = names.number(body.get("keep_s"), field="keep_s", least=0, most=1 << 40)
    free_bytes = names.number(body.get("free_bytes", 0), field="free_bytes", least=0, most=1 << 60)
    cache = Cache(base)
    removed = 0
    for used_at_s, path, _ in _files(cache) + _parts(cache):
        is_old = used_at_s < now_s() - keep_s
        if is_old or shutil.disk_usage(cache.folder).free < free_bytes:
            with contextlib.suppress(OSError):
                os.unlink(path)
                removed += 1
    removed += python_environment.trim(base, older_than_s=keep_s)
    return {"removed": removed, "free_bytes": shutil.disk_usage(cache.folder).free}


def _files(cache: Cache) -> List[Tuple[float, str, str]]:
    found = []
    with os.scandir(cache.folder) as entries:
        for entry in entries:
            if not DIGEST_PATTERN.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime == VERIFIED_AT_S:
                    found.append((status.st_atime, entry.path, entry.name))
    return sorted(found)


def _parts(cache: Cache) -> List[Tuple[float, str, str]]:
    found = []
    with os.scandir(cache.folder) as entries:
        for entry in entries:
            if not DIGEST_PATTERN.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    found.append((entry.stat(follow_symlinks=False).st_mtime, entry.path, entry.name))
    return sorted(found)
