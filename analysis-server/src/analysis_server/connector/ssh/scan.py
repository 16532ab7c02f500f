"""The keys that a host shows to anybody, for a person to confirm."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from paramiko import PKey
from paramiko.ssh_exception import IncompatiblePeer

from analysis_server.connector.ssh.address import Destination, HostAddress
from analysis_server.connector.ssh.dialling import dial
from analysis_server.connector.ssh.errors import Unreachable
from analysis_server.connector.ssh.host_keys import OFFERED_AS, host_key_text
from analysis_server.connector.ssh.login import HANDSHAKE_TIMEOUT_S, log_in, shake_hands

BETWEEN_CONNECTIONS_S: Final = 1.0
"""A host that counts connections must not take us for an attack."""
SCANNED: Final = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")


def scan_host_keys(address: HostAddress) -> tuple[str, ...]:
    """Return a host's keys, one a line as OpenSSH writes them; nobody logs in, and it takes seconds.

    Raises:
        Unreachable: no SSH server answers there.
    """
    return _scan(address, lambda: dial(address))


def scan_host_keys_behind(destination: Destination) -> tuple[str, ...]:
    """Return the keys of a host behind another, on which we log in: its key must be confirmed by then.

    Raises:
        Unreachable: no SSH server answers there.
        AuthRefused, HostKeyUnknown, HostKeyChanged, KeyUnusable: of the one on the way.
    """
    if destination.via is None:
        return scan_host_keys(destination.address)
    bastion = log_in(Destination(address=destination.via, private_key=destination.private_key))
    address = destination.address
    try:
        return _scan(address, lambda: bastion.open_onward(address, timeout_s=HANDSHAKE_TIMEOUT_S))
    finally:
        bastion.close()


def _scan(address: HostAddress, open_line: Callable[[], Any]) -> tuple[str, ...]:
    found: list[str] = []
    for kind in SCANNED:
        if found:
            time.sleep(BETWEEN_CONNECTIONS_S)
        if (key := _key_of(address, open_line(), kind)) is not None:
            found.append(host_key_text(key))
    if not found:
        raise Unreachable(f"{address} shows no key of a kind that is known: {', '.join(OFFERED_AS)}.")
    return tuple(found)


def _key_of(address: HostAddress, line: Any, kind: str) -> PKey | None:
    try:
        transport, _ = shake_hands(address, line, OFFERED_AS[kind])
    except IncompatiblePeer:
        return None
    try:
        key: PKey = transport.get_remote_server_key()
        return key
    finally:
        transport.close()
