"""Public keys of hosts: read, told by their fingerprints, and held against those that were confirmed."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Final

from paramiko import PKey, SSHException
from paramiko.pkey import UnknownKeyType

from analysis_server.connector.ssh.address import HostAddress
from analysis_server.connector.ssh.errors import HostKeyChanged, HostKeyUnknown, KeyUnusable

OFFERED_AS: Final[dict[str, tuple[str, ...]]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""The kinds of keys that are known, each with how a server may sign with it."""


def parse_host_keys(lines: Sequence[str]) -> tuple[PKey, ...]:
    """Return the keys of some lines; comments and empty lines have none.

    Raises:
        KeyUnusable: a line is no public key, or a certificate authority or revocation of `known_hosts`.
    """
    every = (line.strip() for text in lines for line in text.splitlines())
    return tuple(_parse(line) for line in every if line and not line.startswith("#"))


def host_key_text(key: PKey) -> str:
    """Return a key as OpenSSH writes it, without a comment."""
    return f"{key.get_name()} {key.get_base64()}"


def check_host_key(address: HostAddress, shown: PKey) -> None:
    """Say nothing if the key is one that was confirmed.

    Raises:
        HostKeyUnknown: none is confirmed.
        HostKeyChanged: another is.
    """
    pinned = parse_host_keys(address.host_keys)
    if not pinned:
        raise HostKeyUnknown(str(address), [shown.fingerprint])
    if shown not in pinned:
        raise HostKeyChanged(
            str(address), pinned=[key.fingerprint for key in pinned], seen=[shown.fingerprint]
        )


def signatures_of(keys: Sequence[PKey]) -> list[str]:
    """Return how a host may sign to show one of these keys; all that is known where there are none."""
    names = [key.get_name() for key in keys] or list(OFFERED_AS)
    return [each for name in names for each in OFFERED_AS[name]]


def _parse(line: str) -> PKey:
    kind, _, rest = line.partition(" ")
    text = rest.split(" ", 1)[0]
    if kind not in OFFERED_AS:
        raise KeyUnusable(f"{kind!r} is no kind of host key that is known: {', '.join(OFFERED_AS)} are.")
    try:
        return PKey.from_type_string(kind, base64.b64decode(text, validate=True))
    except (ValueError, struct.error, SSHException, UnknownKeyType) as error:
        raise KeyUnusable(f"A host key of the kind {kind} cannot be read: {error}") from error
