"""Where a cluster is and what proves that it is it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SSH_PORT: Final = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """A host, who we are there, and its confirmed keys as OpenSSH writes them (`ssh-ed25519 AAAA…`)."""

    host: str
    user: str
    port: int = SSH_PORT
    host_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return what people call it."""
        return self.host if self.port == SSH_PORT else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A host, and the one on the way to it, if any; both take the same key."""

    address: HostAddress
    private_key: str = field(repr=False)
    """An ed25519 key as OpenSSH writes it, without a passphrase."""
    via: HostAddress | None = None
