"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an account may do; `access.py` says what that is."""

    USER = "user"
    ADMIN = "admin"
    VIEWER = "viewer"
    """Reads, and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyScope:
    """What of its account's an API key may do."""

    key_id: int
    permissions: frozenset[str] | None = None
    """None: all that the account may."""
    plugins: frozenset[str] | None = None
    """None: with all plugins."""
    requests_per_minute: int | None = None
    """None: as many as the account."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account; one that is not active can neither log in nor use its tokens."""

    id: int
    email: str
    full_name: str | None = None
    role: str
    """A `Role`, or what only a newer release knows, which then may nothing."""
    max_running: int | None
    created_at: datetime
    is_active: bool = True
    auth_epoch: int = 0
    """Grows whenever access tokens and open streams of before must end."""
    key: KeyScope | None = None
    """The API key by which the account asks, if it is one."""
