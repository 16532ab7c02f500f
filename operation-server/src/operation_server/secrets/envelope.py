"""A secret as it is stored: its value under a data key of this version alone, and that key wrapped.

Both are bound to what the secret is and whose, so that a row that somebody changed, or put in the place of
another, opens nothing.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operation_server.secrets.key_ring import KEY_BYTES, KeyRing, Wrapped, decrypt, encrypt


class Identity(NamedTuple):
    """What a stored value is bound to."""

    id: str
    owner_id: int | None
    name: str
    version: int

    def as_bytes(self) -> bytes:
        """Return it in one form only."""
        return json.dumps(["satellite secret", *self]).encode()


class Envelope(NamedTuple):
    """What is stored of a value."""

    key_id: str
    wrapped_key: bytes
    ciphertext: bytes


def close(ring: KeyRing, identity: Identity, value: str) -> Envelope:
    """Encrypt a value under a new data key.

    Raises:
        SecretsNotSetUp: there is no key-encryption key.
    """
    data_key, bound_to = AESGCM.generate_key(bit_length=8 * KEY_BYTES), identity.as_bytes()
    wrapped = ring.wrap(data_key, bound_to)
    return Envelope(wrapped.key_id, wrapped.text, encrypt(data_key, value.encode(), bound_to))


def open_value(ring: KeyRing, identity: Identity, envelope: Envelope) -> str:
    """Return the value.

    Raises:
        SecretKeyMissing: its key-encryption key is not here.
        SecretDamaged: the row was changed, or is another's.
    """
    bound_to = identity.as_bytes()
    data_key = ring.unwrap(Wrapped(envelope.key_id, envelope.wrapped_key), bound_to)
    return decrypt(data_key, envelope.ciphertext, bound_to).decode()


def rewrap(ring: KeyRing, identity: Identity, envelope: Envelope) -> Envelope:
    """Wrap the data key by the present key-encryption key; the value stays as it is.

    Raises:
        SecretKeyMissing, SecretDamaged: see `open_value`.
        SecretsNotSetUp: there is no present key.
    """
    bound_to = identity.as_bytes()
    data_key = ring.unwrap(Wrapped(envelope.key_id, envelope.wrapped_key), bound_to)
    wrapped = ring.wrap(data_key, bound_to)
    return Envelope(wrapped.key_id, wrapped.text, envelope.ciphertext)
