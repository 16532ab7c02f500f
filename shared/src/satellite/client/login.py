"""Where a login is kept, so that only one at a time renews it: a refresh token is good for one use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client shows, and what gets the next one."""

    access: str
    refresh: str | None = None


class KeptLogin(Protocol):
    """Tokens that several threads or processes use."""

    def held(self) -> AbstractContextManager[None]:
        """Let nobody else renew the login until the block ends."""
        ...

    def read(self) -> Tokens | None:
        """Return the newest tokens."""
        ...

    def write(self, tokens: Tokens) -> None:
        """Keep new tokens."""
        ...


class LoginInMemory:
    """A login of this process alone."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other thread renew the login until the block ends."""
        with self._lock:
            yield

    def read(self) -> Tokens:
        """Return the newest tokens."""
        return self._tokens

    def write(self, tokens: Tokens) -> None:
        """Keep new tokens."""
        self._tokens = tokens
