"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an account may do: its own things, or everything."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account; one that is not active can neither log in nor use its tokens."""

    id: int
    username: str
    role: Role
    max_running: int | None
    created_at: datetime
    is_active: bool = True
