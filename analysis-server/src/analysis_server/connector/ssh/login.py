"""From an address to a transport that knows whom it speaks with, and by which we are let in."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from paramiko import (
    AuthenticationException,
    ChannelException,
    Ed25519Key,
    SSHException,
    Transport,
)
from paramiko.ssh_exception import IncompatiblePeer

from analysis_server.connector.ssh.address import Destination, HostAddress
from analysis_server.connector.ssh.dialling import HeardLine, dial
from analysis_server.connector.ssh.errors import AuthRefused, HostKeyChanged, Unreachable
from analysis_server.connector.ssh.host_keys import check_host_key, parse_host_keys, signatures_of
from analysis_server.connector.ssh.private_key import parse_private_key

# What it meets it raises, and we tell of that once; it would log tracebacks of each.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

HANDSHAKE_TIMEOUT_S: Final = 15.0
AUTH_TIMEOUT_S: Final = 20.0
CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
"""The quickest first; those with CBC or a weak MAC are not offered."""
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)


class Login:
    """A transport by which we are let in, and that on the way to it, if any."""

    def __init__(self, host: str, transport: Transport, line: HeardLine, *, through: Login | None) -> None:
        """Take what was made."""
        self.host, self.transport, self.line, self._through = host, transport, line, through

    def open_onward(self, address: HostAddress, *, timeout_s: float) -> Any:
        """Return a line from this host on to another.

        Raises:
            Unreachable: it does not bring us there.
        """
        target = (address.host, address.port)
        try:
            return self.transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=timeout_s)
        except ChannelException as error:
            raise Unreachable(f"{self.host} does not bring us to {address}: {error.text}") from error
        except (SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{self.host} went away: {error or 'it hung up'}") from error

    def close(self) -> None:
        """End it, and the one on the way to it."""
        # A transport waits for its thread to end; one whose line is dead already raises what it died of.
        with contextlib.suppress(Exception):
            self.transport.close()
        if self._through is not None:
            self._through.close()


def log_in(destination: Destination) -> Login:
    """Return a transport to a host, whose keys were checked on each hop.

    Raises:
        Unreachable, AuthRefused, HostKeyUnknown, HostKeyChanged, KeyUnusable: one of the hops failed so.
    """
    key = parse_private_key(destination.private_key)
    if destination.via is None:
        return _enter(destination.address, key, dial(destination.address), through=None)
    bastion = _enter(destination.via, key, dial(destination.via), through=None)
    try:
        onward = bastion.open_onward(destination.address, timeout_s=HANDSHAKE_TIMEOUT_S)
        return _enter(destination.address, key, onward, through=bastion)
    except BaseException:
        bastion.close()
        raise


def shake_hands(address: HostAddress, line: Any, signatures: Sequence[str]) -> tuple[Transport, HeardLine]:
    """Return an encrypted transport, whose host has signed with its key in one of these ways.

    Raises:
        Unreachable: the line broke, or no SSH server answers.
        IncompatiblePeer: the host has no such key.
    """
    heard = HeardLine(line)
    try:
        # It is as good as a socket.
        transport = Transport(heard)  # type: ignore[arg-type]
    except (SSHException, OSError) as error:
        line.close()
        raise Unreachable(f"{address} does not answer as an SSH server: {error}") from error
    transport.banner_timeout = transport.handshake_timeout = HANDSHAKE_TIMEOUT_S
    transport.auth_timeout = AUTH_TIMEOUT_S
    options = transport.get_security_options()
    options.ciphers, options.digests, options.key_types = CIPHERS, MACS, tuple(signatures)
    try:
        transport.start_client(timeout=HANDSHAKE_TIMEOUT_S)
        transport.get_remote_server_key()
    except IncompatiblePeer:
        transport.close()
        raise
    except (SSHException, EOFError, OSError) as error:
        transport.close()
        raise Unreachable(f"{address} does not answer as an SSH server: {error or 'it hung up'}") from error
    return transport, heard


def _enter(address: HostAddress, key: Ed25519Key, line: Any, *, through: Login | None) -> Login:
    pinned = parse_host_keys(address.host_keys)
    try:
        transport, heard = shake_hands(address, line, signatures_of(pinned))
    except IncompatiblePeer as error:
        fingerprints = [each.fingerprint for each in pinned]
        raise HostKeyChanged(str(address), pinned=fingerprints, seen=()) from error
    try:
        check_host_key(address, transport.get_remote_server_key())
        _authenticate(transport, address, key)
    except BaseException:
        transport.close()
        raise
    return Login(str(address), transport, heard, through=through)


def _authenticate(transport: Transport, address: HostAddress, key: Ed25519Key) -> None:
    began_s = time.monotonic()
    try:
        asked_for_more = transport.auth_publickey(address.user, key)
    except AuthenticationException as error:
        # A line that broke meanwhile, or a host that takes its time, has refused nothing.
        if not transport.is_active() or time.monotonic() - began_s >= AUTH_TIMEOUT_S:
            raise Unreachable(f"{address} went away during authentication: {error}") from error
        raise _refused(address) from error
    except (SSHException, EOFError, OSError) as error:
        raise Unreachable(f"{address} went away during authentication: {error}") from error
    if asked_for_more:
        raise AuthRefused(f"{address} asks {address.user} for more than a key: {', '.join(asked_for_more)}.")


def _refused(address: HostAddress) -> AuthRefused:
    return AuthRefused(
        f"{address} refuses our key for {address.user}. Put the cluster's public key into "
        "~/.ssh/authorized_keys there, then confirm the cluster again."
    )
