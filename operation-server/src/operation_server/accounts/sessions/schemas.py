"""Requests and answers about logins and tickets."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from operation_server.accounts.random_secret import SECRET_LENGTH

TOKEN_EXAMPLE = "x" * SECRET_LENGTH


class TokenRequest(BaseModel):
    """An address, which OAuth2 calls `username`, and a password; as JSON or as an OAuth2 password form."""

    model_config = ConfigDict(
        # OAuth2 forms carry grant_type, scope and client fields that mean nothing here.
        extra="ignore",
        json_schema_extra={"examples": [{"username": "admin@example.com", "password": "correct horse"}]},
    )

    username: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1024)


class TokenRead(BaseModel):
    """A bearer token, and what gets the next one."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9..."])
    token_type: str = Field(default="bearer", examples=["bearer"])
    expires_in: int = Field(description="Seconds.", examples=[3600])
    refresh_token: str = Field(
        description="For one use of `POST /api/v1/auth/refresh`.", examples=[TOKEN_EXAMPLE]
    )
    refresh_expires_at: datetime = Field(
        description="When the login ends, however often it is refreshed.", examples=["2026-02-01T03:04:05Z"]
    )


class RefreshRequest(BaseModel):
    """A refresh token."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"refresh_token": TOKEN_EXAMPLE}]}
    )

    refresh_token: str = Field(min_length=1, max_length=200)


class TicketRead(BaseModel):
    """A short-lived ticket for one WebSocket, used as `?ticket=`."""

    ticket: str = Field(examples=[TOKEN_EXAMPLE])
    expires_in: int = Field(description="Seconds.", examples=[60])
