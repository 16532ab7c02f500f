"""Requests and answers about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operation_server.accounts.account import Role
from satellite.contracts.numbers import MaxRunning


class TokenRequest(BaseModel):
    """A name and a password; as JSON or as an OAuth2 password form."""

    model_config = ConfigDict(
        # OAuth2 forms carry grant_type, scope and client fields that mean nothing here.
        extra="ignore",
        json_schema_extra={"examples": [{"username": "admin@example.com", "password": "correct horse"}]},
    )

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024)


class TokenRead(BaseModel):
    """A bearer token."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9..."])
    token_type: str = Field(default="bearer", examples=["bearer"])
    expires_in: int = Field(description="Seconds.", examples=[3600])


class TicketRead(BaseModel):
    """A short-lived ticket for the WebSocket routes, used as `?ticket=`."""

    ticket: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9..."])
    expires_in: int = Field(description="Seconds.", examples=[60])


class UserCreate(BaseModel):
    """A new account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"username": "ada@example.com", "password": "analytical engine"}]},
    )

    username: str = Field(min_length=1, max_length=200, pattern=r"^\S+$")
    password: str = Field(min_length=8, max_length=1024)
    role: Role = Role.USER
    max_running: MaxRunning | None = Field(default=None, description="At most so many jobs run at once.")


class UserChange(BaseModel):
    """What to change of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"max_running": 4}]})

    role: Role | None = None
    is_active: bool | None = Field(default=None, description="False: its tokens and password open nothing.")
    max_running: MaxRunning | None = Field(
        default=None, description="At most so many jobs run at once; null: no limit."
    )


USER_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "username": "ada@example.com",
    "role": "user",
    "is_active": True,
    "max_running": None,
    "created_at": "2026-01-02T03:04:05Z",
}


class UserRead(BaseModel):
    """An account."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [USER_EXAMPLE]})

    id: int
    username: str
    role: Role
    is_active: bool
    max_running: int | None
    created_at: datetime


class UserList(BaseModel):
    """A page of accounts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [USER_EXAMPLE]}]})

    total: int
    items: list[UserRead]
