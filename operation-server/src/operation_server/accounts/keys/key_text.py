"""How an API key is written: `sat_<id>_<43 characters><checksum>`.

The prefix lets scanners find keys that leaked, the checksum lets everybody refuse what was cut or made up.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, NamedTuple

from operation_server.accounts.random_secret import SECRET_LENGTH

KEY: Final = re.compile(rf"(sat_([1-9][0-9]{{0,17}})_([A-Za-z0-9_-]{{{SECRET_LENGTH}}}))([0-9a-f]{{8}})")


class KeyParts(NamedTuple):
    """What a key is made of."""

    key_id: int
    secret: str


def write_key(key_id: int, secret: str) -> str:
    """Return the text of a key."""
    body = f"sat_{key_id}_{secret}"
    return body + _checksum(body)


def parse_key(text: str) -> KeyParts | None:
    """Return the parts of a key, or None when it is none that Satellite has written."""
    match = KEY.fullmatch(text)
    if match is None or _checksum(match[1]) != match[4]:
        return None
    return KeyParts(int(match[2]), match[3])


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
