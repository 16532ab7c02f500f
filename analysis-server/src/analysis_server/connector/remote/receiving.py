"""Blocks of files that come by one stream, written where they belong; several streams may bring one file."""

import hashlib
import json
import os
from typing import Optional, Tuple

from analysis_server.connector.remote import names
from analysis_server.connector.remote.cache import SIZE_MAX, Cache, digest_of
from analysis_server.connector.remote.errors import BadRequest
from analysis_server.connector.remote.input_stream import InputStream

WHOLE_BYTES_MAX = 1 << 22
"""A file of at most so much is taken into memory, and verified before it is written."""


class Receiver:
    """Writes blocks into the parts of a cache."""

    def __init__(self, cache: Cache) -> None:
        """Begin without a block."""
        self._cache = cache
        self._hashed = Hashed("")

    def take(self, line: bytes, stream: InputStream) -> Optional[str]:
        """Write the block that a line announces, and return the answer; None if the block was cut off.

        Raises:
            BadRequest: the line announces nothing.
            OSError: the disk does not take it.
        """
        digest, size, offset, length = _announced(line)
        if length == size and size <= WHOLE_BYTES_MAX:
            return self._take_whole(digest, size, stream)
        if self._hashed.digest != digest:
            self._hashed = Hashed(digest)
        written = self._write(digest, offset, length, stream)
        # Also of a block that was cut off: the next try goes on behind it.
        self._note(digest, offset, written)
        if written < length:
            return None
        is_kept = self._hashed.is_whole(size) and self._keep(digest, size)
        return _answer(digest, offset, good=True, kept=is_kept)

    def _take_whole(self, digest: str, size: int, stream: InputStream) -> Optional[str]:
        data = _read(stream, size)
        if len(data) < size:
            return None
        good = hashlib.sha256(data).hexdigest() == digest
        if good and not self._cache.has(digest, size):
            # Streams may bring the same file at once: each has a name of its own until it is whole.
            path = "%s.%d.part" % (self._cache.file(digest), os.getpid())
            with open(path, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._cache.keep(digest, path)
        return _answer(digest, 0, good=good, kept=good)

    def _write(self, digest: str, offset: int, length: int, stream: InputStream) -> int:
        fd = os.open(self._cache.part(digest), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        written = 0
        try:
            while written < length:
                piece = stream.piece(length - written)
                if not piece:
                    break
                self._hashed.take(offset + written, piece)
                while piece:
                    done = os.pwrite(fd, piece, offset + written)
                    written, piece = written + done, piece[done:]
            # Has the kernel begin to write now, so that there is little left to wait for at the end.
            os.posix_fadvise(fd, offset, written, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)
        return written

    def _keep(self, digest: str, size: int) -> bool:
        path = self._cache.part(digest)
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # Another try may have left more.
            os.ftruncate(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)
        self._cache.keep(digest, path)
        return True

    def _note(self, digest: str, offset: int, length: int) -> None:
        if not length:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._cache.ranges_file(digest), flags, 0o600)
        try:
            os.write(fd, b"%d %d\n" % (offset, length))
        finally:
            os.close(fd)


class Hashed:
    """The SHA-256 of a file that comes from its beginning to its end by one stream: it is not read again."""

    def __init__(self, digest: str) -> None:
        """Begin with no byte of the file that should have this digest."""
        self.digest = digest
        self._sha256 = hashlib.sha256()
        self._size = 0

    def take(self, offset: int, piece: bytes) -> None:
        """Hash a piece, if it is the next one."""
        if offset == self._size:
            self._sha256.update(piece)
            self._size += len(piece)

    def is_whole(self, size: int) -> bool:
        """Tell whether all of it came so, and is what was meant."""
        return self._size == size and self._sha256.hexdigest() == self.digest


def _announced(line: bytes) -> Tuple[str, int, int, int]:
    words = line.decode("ascii", "replace").split(" ")
    if len(words) != 4 or not all(word.isdigit() for word in words[1:]):
        raise BadRequest(
            "A block begins with its digest, size, offset and length, not %s." % names.shown(words)
        )
    digest, (size, offset, length) = digest_of(words[0]), (int(word) for word in words[1:])
    if size > SIZE_MAX or offset + length > size:
        raise BadRequest("A block of %s is not inside its file." % digest)
    return digest, size, offset, length


def _answer(digest: str, offset: int, *, good: bool, kept: bool) -> str:
    return json.dumps({"sha256": digest, "offset": offset, "good": good, "kept": kept})


def _read(stream: InputStream, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = stream.piece(size - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)
