"""Password hashes; the only module that knows the hashing library."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
# Compared with when there is no such account, so that the time of an answer does not tell who has one.
_NOBODY = _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """Return the argon2 hash of a password."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_password(password: str, hashed: str | None) -> bool:
    """Tell whether `password` belongs to `hashed`; does the same work when there is no hash."""
    matches = await asyncio.to_thread(_verify, hashed or _NOBODY, password)
    return matches and hashed is not None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
