"""Opens what the API seals for who asked: X25519, HKDF with the shared token, AES-256-GCM."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from satellite.contracts.run_secrets import salt_of

NONCE_BYTES: Final = 12


class SealedFor:
    """A pair of keys for one request."""

    def __init__(self) -> None:
        """Make the pair."""
        self._own = X25519PrivateKey.generate()
        self.public_key: str = base64.b64encode(self._own.public_key().public_bytes_raw()).decode()

    def open(self, sealed: str, *, peer: str, context: bytes, token: str) -> Mapping[str, str]:
        """Return texts by their names out of an answer.

        Raises:
            ValueError, InvalidTag: it was sealed for another request, or not by who has the token.
        """
        shared = self._own.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(peer)))
        key = HKDF(SHA256(), length=32, salt=salt_of(token), info=context).derive(shared)
        data = base64.b64decode(sealed)
        values = orjson.loads(AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context))
        return {str(name): str(value) for name, value in values.items()}
