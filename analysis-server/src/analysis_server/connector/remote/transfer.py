"""Files on their way into the cache: what is missing, what has come, and whether it is what was meant."""

import errno
import hashlib
import os
import shutil
import sys
from typing import Any, Dict, List

from analysis_server.connector.remote import names
from analysis_server.connector.remote.cache import Cache, disk_fault, sizes_of
from analysis_server.connector.remote.input_stream import InputStream
from analysis_server.connector.remote.receiving import Receiver

CHUNK_BYTES = 1 << 20


def missing(base: str, body: Any) -> Dict[str, Any]:
    """Return which files are not cached, each with the ranges that have come, and how much room there is."""
    cache = Cache(base)
    files = sizes_of(names.mapping(body, field="The request").get("files"))
    lacking = {}
    for digest, size in files.items():
        if cache.has(digest, size):
            cache.touch(digest)
        else:
            lacking[digest] = cache.ranges(digest)
    return {"missing": lacking, "free_bytes": shutil.disk_usage(cache.folder).free}


def verify(base: str, body: Any) -> Dict[str, Any]:
    """Hash files that have come as a whole, and keep those that are what was meant; `damaged` begin anew."""
    cache = Cache(base)
    verified: List[str] = []
    damaged: List[str] = []
    for digest, size in sizes_of(names.mapping(body, field="The request").get("files")).items():
        kept = cache.has(digest, size) or _keep(cache, digest, size)
        (verified if kept else damaged).append(digest)
    return {"verified": verified, "damaged": damaged}


def put(base: str, _arguments: Any) -> None:
    """Take blocks of files from standard input until it ends, and answer a line for each that was written.

    A block is a line `digest size offset length` and as many bytes. A file that comes by one stream from its
    beginning to its end is verified as it comes.
    """
    receiver = Receiver(Cache(base))
    stream = InputStream(0)
    while True:
        line = stream.line()
        if not line:
            return
        try:
            answer = receiver.take(line, stream)
        except OSError as error:
            raise disk_fault(error) from error
        if answer is None:
            return
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _keep(cache: Cache, digest: str, size: int) -> bool:
    part = cache.part(digest)
    try:
        with open(part, "r+b") as file:
            # Another try may have left more.
            file.truncate(size)
            found = sha256_of(file.fileno())
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise disk_fault(error) from error
        return False
    if found != digest:
        cache.drop_part(digest)
        return False
    cache.keep(digest, part)
    return True


def sha256_of(fd: int) -> str:
    """Return the SHA-256 of a file from where it stands."""
    digest = hashlib.sha256()
    while True:
        chunk = os.read(fd, CHUNK_BYTES)
        if not chunk:
            return digest.hexdigest()
        digest.update(chunk)
