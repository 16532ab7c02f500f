"""Which key somebody shows."""

from __future__ import annotations

import hmac

from operation_server.accounts.errors import KeyRefused
from operation_server.accounts.keys import repository
from operation_server.accounts.keys.key_text import parse_key
from operation_server.accounts.keys.repository import StoredKey
from operation_server.accounts.random_secret import digest_of
from operation_server.database.connections import Connections


async def find_key(connections: Connections, text: str) -> StoredKey:
    """Return the key that a text is, with the account that it stands for.

    Raises:
        KeyRefused: it is none, revoked or expired, or its account is closed.
    """
    parts = parse_key(text)
    if parts is None:
        raise KeyRefused("This is no API key: its checksum does not fit, so something of it is missing.")
    async with connections.connect() as connection:
        stored = await repository.find_valid(connection, parts.key_id)
    if stored is None or not hmac.compare_digest(stored.digest, digest_of(parts.secret)):
        raise KeyRefused
    return stored
