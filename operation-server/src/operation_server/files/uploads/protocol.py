"""The headers of tus 1.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,checksum,termination"
CHECKSUMS: Final = "sha256,sha1"
"""The protocol asks for SHA-1; who cares takes the other."""
CHUNK_TYPE: Final = "application/offset+octet-stream"
CHECKSUM_MISMATCH: Final = 460
"""The protocol's own status."""


class Hasher(Protocol):
    """What hashes."""

    def update(self, data: bytes, /) -> None:
        """Take in more."""

    def digest(self) -> bytes:
        """Return the digest of all that came."""


class Checksum(NamedTuple):
    """What a chunk has to hash to."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str | None) -> Checksum | None:
        """Return what `Upload-Checksum` states.

        Raises:
            ValueError: it is no checksum of a kind that is known here.
        """
        if header is None:
            return None
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in CHECKSUMS.split(","):
            raise ValueError(f"Upload-Checksum must be of one of {CHECKSUMS}")
        return cls(algorithm, _decode(encoded))

    def hasher(self) -> Hasher:
        """Return what hashes the chunk."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def is_of(self, hasher: Hasher) -> bool:
        """Tell whether what was hashed is what was stated."""
        return hmac.compare_digest(hasher.digest(), self.digest)


def parse_metadata(header: str | None) -> Mapping[str, str]:
    """Return what `Upload-Metadata` states, by name.

    Raises:
        ValueError: it is malformed, or not UTF-8.
    """
    found: dict[str, str] = {}
    for entry in (header or "").split(","):
        name, _, encoded = entry.strip().partition(" ")
        if name in found:
            raise ValueError(f"Upload-Metadata has {name!r} twice")
        if name:
            found[name] = _decode(encoded).decode()
    return found


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text[:100]!r} is not base64") from error
