"""SHA-256 in HTTP headers, as RFC 9530 writes it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from operation_server.files.errors import DigestMalformed

ENTRY: Final = re.compile(r"\s*([a-z0-9-]+)=:([A-Za-z0-9+/=]*):\s*")


def parse_content_digest(header: str | None) -> str | None:
    """Return the SHA-256 that a `Content-Digest` states, in hexadecimal, if it states one.

    Raises:
        DigestMalformed: it is no digest.
    """
    if header is None:
        return None
    for entry in header.split(","):
        found = ENTRY.fullmatch(entry)
        if found is None:
            raise DigestMalformed
        if found[1] == "sha-256":
            return _hexadecimal(found[2])
    return None


def write_digest(sha256: str) -> str:
    """Return the value of `Repr-Digest` for a SHA-256 in hexadecimal."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _hexadecimal(text: str) -> str:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise DigestMalformed from error
    if len(digest) != 32:
        raise DigestMalformed
    return digest.hex()
