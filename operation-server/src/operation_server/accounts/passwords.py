"""Password hashes; the only module that knows the hashing library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from operation_server.accounts.errors import LoginsBusy

Answer = TypeVar("Answer")

# The second of OWASP's equally strong choices: 21 ms and 19 MiB (2026-11-25), where argon2-cffi's own takes
# 152 ms and 64 MiB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Compared with when there is no such account, so that the time of an answer does not tell who has one.
_NOBODY = _HASHER.hash("nobody has this password")


class PasswordHashing:
    """Hashes passwords, a few at once; the others wait in line, up to a number.

    A hash takes 19 MiB and 20 ms of a CPU by intent. In threads of its own it takes no other work's place.
    """

    def __init__(self, *, at_once: int, waiting_max: int) -> None:
        """Start no thread yet."""
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._places = at_once + waiting_max
        self._taken = 0

    async def hash(self, password: str) -> str:
        """Return the argon2 hash of a password.

        Raises:
            LoginsBusy: too many wait already.
        """
        return await self._run(_HASHER.hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Tell whether `password` belongs to `hashed`; does the same work when there is no hash.

        Raises:
            LoginsBusy: too many wait already.
        """
        return await self._run(_verify, hashed or _NOBODY, password) and hashed is not None

    async def _run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        if self._taken >= self._places:
            raise LoginsBusy
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._taken -= 1


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
