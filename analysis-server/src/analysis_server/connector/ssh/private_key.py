"""The private key by which a cluster lets us in: ed25519, from memory, never from a file or an agent."""

from __future__ import annotations

import io

from paramiko import Ed25519Key, PasswordRequiredException, SSHException

from analysis_server.connector.ssh.errors import KeyUnusable


def parse_private_key(text: str) -> Ed25519Key:
    """Return the key that OpenSSH writes so.

    Raises:
        KeyUnusable: it is none, has a passphrase, or is of another kind than ed25519.
    """
    try:
        return Ed25519Key.from_private_key(io.StringIO(text))
    except PasswordRequiredException as error:
        raise KeyUnusable(
            "The private key has a passphrase; Satellite keeps keys encrypted itself."
        ) from error
    except (SSHException, ValueError) as error:
        raise KeyUnusable(f"The private key is no ed25519 key as OpenSSH writes it: {error}") from error
