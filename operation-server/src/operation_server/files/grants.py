"""Signs addresses for workers: what the worker of an attempt may do with one file, and until when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Final

from pydantic import SecretStr

from operation_server.accounts.tokens import key_id_of
from operation_server.files.errors import GrantRefused

PURPOSE: Final = b"satellite grants of files 1"
"""A key of its own is made of the secret, so that no token is a grant and no grant a token."""


class Grants:
    """Signs with one secret, and verifies what it or one of the secrets before it has signed."""

    def __init__(self, secret: SecretStr, *, previous: Sequence[SecretStr] = ()) -> None:
        self._key_id = key_id_of(secret)
        self._keys = {key_id_of(each): _key_of(each) for each in (secret, *previous)}

    def sign(self, method: str, path: str, *, ttl_s: float) -> str:
        """Return a grant of one method on one path, which names the attempt, for `ttl_s` seconds."""
        expires_at = str(int(time.time() + ttl_s))
        signature = _signature(self._keys[self._key_id], method, path, expires_at)
        return f"{self._key_id}.{expires_at}.{signature}"

    def verify(self, grant: str, method: str, path: str) -> None:
        """Let a grant pass that holds for a method and a path.

        Raises:
            GrantRefused: it is forged, expired, signed by an unknown key, or one for something else.
        """
        key_id, _, rest = grant.partition(".")
        expires_at, _, signature = rest.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise GrantRefused
        expected = _signature(key, method, path, expires_at)
        if not hmac.compare_digest(expected.encode(), signature.encode()) or int(expires_at) < time.time():
            raise GrantRefused


def _key_of(secret: SecretStr) -> bytes:
    return hmac.digest(secret.get_secret_value().encode(), PURPOSE, hashlib.sha256)


def _signature(key: bytes, method: str, path: str, expires_at: str) -> str:
    told = f"{method}\n{path}\n{expires_at}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, told, hashlib.sha256)).decode().rstrip("=")
