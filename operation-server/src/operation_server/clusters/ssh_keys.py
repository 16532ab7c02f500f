"""Keys of SSH: the cluster's own pair, and the fingerprints by which people know a host."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from operation_server.clusters.errors import ClusterKeyInvalid

SMALLEST_RSA_BITS: Final = 3_072
_OPENSSH: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"

UsableKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


class KeyPair(NamedTuple):
    """A private key in the form of OpenSSH, and the line of its public one, without a comment."""

    private_key: str
    public_key: str


def make_pair() -> KeyPair:
    """Return a new pair, ed25519."""
    return _pair_of(Ed25519PrivateKey.generate())


def read_pair(private_key: str) -> KeyPair:
    """Return the pair of a private key in the form of OpenSSH or PEM, without a passphrase.

    Raises:
        ClusterKeyInvalid: it is none, is locked by a passphrase, or is of a kind or size that is not safe.
    """
    text = private_key.strip().encode() + b"\n"
    load = load_ssh_private_key if text.startswith(_OPENSSH) else load_pem_private_key
    try:
        key = load(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without what it says, which may show the key.
        raise ClusterKeyInvalid(
            "private_key is no private key in the form of OpenSSH or PEM, or has a passphrase; give one "
            "without, or leave it out and a pair is made."
        ) from None
    if isinstance(key, RSAPrivateKey) and key.key_size < SMALLEST_RSA_BITS:
        raise ClusterKeyInvalid(f"private_key is RSA of {key.key_size} bits; at least {SMALLEST_RSA_BITS}.")
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey):
        raise ClusterKeyInvalid("private_key is of a kind that is not taken; take ed25519.")
    return _pair_of(key)


def fingerprint_of(public_key: str) -> str:
    """Return the fingerprint of a key in the form of OpenSSH, as `ssh-keygen -l` shows it.

    Raises:
        ValueError: it is no such key.
    """
    try:
        kind, encoded = public_key.split()[:2]
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError("is no public key in the form of OpenSSH") from error
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != kind.encode() or len(blob) <= 4 + length:
        raise ValueError("is no public key in the form of OpenSSH")
    digest = hashlib.sha256(blob).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def authorized_line(public_key: str, cluster: str) -> str:
    """Return the line for `authorized_keys`, which allows no forwarding, no terminal and no agent."""
    return f"restrict {public_key} satellite-{cluster}"


def _pair_of(key: UsableKey) -> KeyPair:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return KeyPair(private, public)
