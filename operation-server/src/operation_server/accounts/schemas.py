"""Requests and answers about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from operation_server.accounts.account import Role
from satellite.contracts.numbers import MaxRunning

LONGEST_ADDRESS = 320
"""Of what can be an address, 64 + 1 + 255; what cannot is refused by its form."""
FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


NewPassword = Annotated[
    str,
    Field(
        max_length=1024,
        description="At least 8 characters, and none of those that are guessed first.",
        json_schema_extra={"format": "password"},
    ),
]


class UserCreate(BaseModel):
    """A new account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"email": "ada@example.com", "password": "analytical engine", "full_name": "Ada Lovelace"}
            ]
        },
    )

    # What they must be says `credentials.py`, because the answer to what they are not is 400.
    email: str = Field(max_length=LONGEST_ADDRESS, json_schema_extra={"format": "email"})
    password: NewPassword
    full_name: FullName | None = None
    role: Role = Role.USER
    max_running: MaxRunning | None = Field(default=None, description="At most so many jobs run at once.")


class UserChange(BaseModel):
    """What to change of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"max_running": 4}]})

    email: str | None = Field(default=None, max_length=LONGEST_ADDRESS, json_schema_extra={"format": "email"})
    full_name: FullName | None = None
    role: Role | None = None
    is_active: StrictBool | None = Field(
        default=None, description="False: its tokens and password open nothing."
    )
    max_running: MaxRunning | None = Field(
        default=None, description="At most so many jobs run at once; null: no limit."
    )


class PasswordReset(BaseModel):
    """A new password for an account."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"password": "difference engine"}]}
    )

    password: NewPassword


class OwnPasswordChange(PasswordReset):
    """A new password for oneself, and the present one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"current_password": "analytical engine", "password": "difference engine"}]
        }
    )

    current_password: str = Field(min_length=1, max_length=1024)


USER_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "email": "ada@example.com",
    "full_name": "Ada Lovelace",
    "role": "user",
    "is_active": True,
    "max_running": None,
    "created_at": "2026-01-02T03:04:05Z",
}


class UserRead(BaseModel):
    """An account."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [USER_EXAMPLE]})

    id: int
    email: str
    full_name: str | None
    role: str
    is_active: bool
    max_running: int | None
    created_at: datetime


class OwnAccountRead(UserRead):
    """One's own account, with what one may by it, or by the API key that asks."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [USER_EXAMPLE | {"permissions": {"jobs:read": "own"}}]},
    )

    permissions: dict[str, str] = Field(description="`own`: for one's own things; `all`: for everybody's.")


class UserList(BaseModel):
    """A page of accounts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [USER_EXAMPLE]}]})

    total: int
    items: list[UserRead]
