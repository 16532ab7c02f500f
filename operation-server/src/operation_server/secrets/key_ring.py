"""Key-encryption keys: the one that wraps data keys now, and those of before.

They come from the environment and are never stored. Each has an id, which stands beside what it has wrapped.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from operation_server.secrets.errors import SecretDamaged, SecretKeyMissing, SecretsNotSetUp
from operation_server.settings import SecretSettings

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Wrapped(NamedTuple):
    """A data key that a key-encryption key has encrypted."""

    key_id: str
    text: bytes


class KeyRing:
    """Wraps by the present key, and unwraps by any that it has."""

    def __init__(self, key: SecretStr | None, *, previous: Sequence[SecretStr] = ()) -> None:
        """Have no keys where `key` is None: nothing can be stored then."""
        self._present = None if key is None else key_id_of(key)
        self._keys = {key_id_of(each): _derived(each) for each in (*([key] if key else []), *previous)}

    @classmethod
    def of(cls, settings: SecretSettings) -> KeyRing:
        """Return the keys that the settings name."""
        return cls(settings.key, previous=settings.previous_keys)

    @property
    def present_id(self) -> str:
        """Return the id of the key that wraps now.

        Raises:
            SecretsNotSetUp: there is none.
        """
        if self._present is None:
            raise SecretsNotSetUp
        return self._present

    def has(self, key_id: str) -> bool:
        """Tell whether it can unwrap what a key has wrapped."""
        return key_id in self._keys

    def wrap(self, data_key: bytes, bound_to: bytes) -> Wrapped:
        """Encrypt a data key, so that it is of use only beside what it is bound to.

        Raises:
            SecretsNotSetUp: there is no key.
        """
        return Wrapped(self.present_id, encrypt(self._keys[self.present_id], data_key, bound_to))

    def unwrap(self, wrapped: Wrapped, bound_to: bytes) -> bytes:
        """Return a data key.

        Raises:
            SecretKeyMissing: the key that wrapped it is not here.
            SecretDamaged: it was changed, or wrapped for something else.
        """
        key = self._keys.get(wrapped.key_id)
        if key is None:
            raise SecretKeyMissing(
                f"The secret is wrapped by the key {wrapped.key_id}, which is not among those of "
                "SATELLITE_SECRETS_KEY and SATELLITE_SECRETS_PREVIOUS_KEYS; an operator has to put it back."
            )
        return decrypt(key, wrapped.text, bound_to)


def key_id_of(key: SecretStr) -> str:
    """Return the name of a key-encryption key; it says nothing of the key itself."""
    return hashlib.sha256(b"satellite secrets key id:" + key.get_secret_value().encode()).hexdigest()[:12]


def encrypt(key: bytes, text: bytes, bound_to: bytes) -> bytes:
    """Encrypt by AES-256-GCM; the nonce stands in front."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, bound_to)


def decrypt(key: bytes, text: bytes, bound_to: bytes) -> bytes:
    """Return what `encrypt` was given.

    Raises:
        SecretDamaged: it is not what `encrypt` has made by this key for this.
    """
    try:
        return AESGCM(key).decrypt(text[:NONCE_BYTES], text[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise SecretDamaged from error


def _derived(key: SecretStr) -> bytes:
    # Operators give text of any length; what it is worth is theirs to choose.
    derivation = HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"satellite secrets key-encryption key")
    return derivation.derive(key.get_secret_value().encode())
