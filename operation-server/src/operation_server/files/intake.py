"""Takes in the bytes of an upload: counts and hashes them on their way."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from operation_server.body_limit import BodyTooLarge
from operation_server.files.errors import DigestMismatch


class Intake:
    """What came so far of a stream of bytes.

    SHA-256 takes 0.5 ms a mebibyte (1.9 GB/s on 2026-11-25), so it stays in the event loop.
    """

    def __init__(self, *, bytes_max: int, head_bytes: int = 0) -> None:
        """Take at most so many bytes, and keep the first `head_bytes` of them."""
        self._bytes_max = bytes_max
        self._head_bytes = head_bytes
        self.head = bytearray()
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    async def of(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks as they come.

        Raises:
            BodyTooLarge: there are more bytes than may be.
        """
        async for chunk in chunks:
            self.size_bytes += len(chunk)
            if self.size_bytes > self._bytes_max:
                raise BodyTooLarge(self._bytes_max)
            self._hash.update(chunk)
            self.head += chunk[: self._head_bytes - len(self.head)]
            if chunk:
                yield chunk

    def require(self, sha256: str | None) -> None:
        """Refuse what has another digest than its sender has stated, if they have.

        Raises:
            DigestMismatch: it has.
        """
        if sha256 not in {None, self.sha256}:
            raise DigestMismatch

    @property
    def sha256(self) -> str:
        """Return the digest of what came, in hexadecimal."""
        return self._hash.hexdigest()
