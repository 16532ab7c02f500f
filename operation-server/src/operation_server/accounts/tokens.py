"""Signed tokens; the only module that knows the JWT library."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from jose import JWTError, jwt
from pydantic import SecretStr

from operation_server.accounts.errors import TokenRefused

ALGORITHM = "HS256"


class Audience(StrEnum):
    """What a token is good for; one kind never passes for the other."""

    API = "satellite:api"
    WEBSOCKET = "ws"


@dataclass(frozen=True)
class TokenClaims:
    """What a token says."""

    account_id: int
    expires_at: float
    """Seconds since 1970."""


class TokenSigner:
    """Signs and verifies tokens with one secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret.get_secret_value()

    def sign(self, account_id: int, *, audience: Audience, ttl_s: float) -> str:
        """Return a token for an account that holds `ttl_s` seconds."""
        now = int(time.time())
        claims = {"sub": str(account_id), "aud": audience.value, "iat": now, "exp": now + int(ttl_s)}
        token: str = jwt.encode(claims, self._secret, algorithm=ALGORITHM)
        return token

    def verify(self, token: str, *, audience: Audience) -> TokenClaims:
        """Return what a token says.

        Raises:
            TokenRefused: it is forged, expired, or made for something else.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=audience.value,
                options={"require_exp": True, "require_aud": True, "require_sub": True},
            )
            return TokenClaims(account_id=int(claims["sub"]), expires_at=float(claims["exp"]))
        except (JWTError, ValueError, TypeError) as exc:
            raise TokenRefused from exc
