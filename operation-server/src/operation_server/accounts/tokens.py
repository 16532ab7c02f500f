"""Signed access tokens; the only module that knows the JWT library."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jose import JWTError, jwt
from pydantic import SecretStr

from operation_server.accounts.errors import TokenRefused

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "satellite:api"
KNOWN_HEADERS: Final = frozenset({"alg", "typ", "kid"})
"""Others are refused. python-jose 3.5 ignores `crit`, which names headers that must be understood."""


@dataclass(frozen=True)
class TokenClaims:
    """What a token says."""

    account_id: int
    auth_epoch: int
    expires_at: float
    """Seconds since 1970."""


class TokenSigner:
    """Signs with one secret, and verifies what it or one of the secrets before it has signed."""

    def __init__(self, secret: SecretStr, *, previous: Sequence[SecretStr] = ()) -> None:
        self._key_id = key_id_of(secret)
        self._secrets = {key_id_of(each): each.get_secret_value() for each in (secret, *previous)}

    def sign(self, account_id: int, *, auth_epoch: int, ttl_s: float) -> str:
        """Return a token for an account that holds `ttl_s` seconds."""
        now = int(time.time())
        claims = {
            "sub": str(account_id), "epoch": auth_epoch, "aud": AUDIENCE, "iat": now, "exp": now + int(ttl_s),
        }  # fmt: skip
        token: str = jwt.encode(
            claims, self._secrets[self._key_id], algorithm=ALGORITHM, headers={"kid": self._key_id}
        )
        return token

    def verify(self, token: str) -> TokenClaims:
        """Return what a token says.

        Raises:
            TokenRefused: it is forged, expired, signed by an unknown key, or made for something else.
        """
        try:
            header = jwt.get_unverified_header(token)
            if not KNOWN_HEADERS.issuperset(header):
                raise TokenRefused
            claims = jwt.decode(
                token,
                self._secrets[header["kid"]],
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"require_exp": True, "require_aud": True, "require_sub": True},
            )
            return TokenClaims(
                account_id=int(claims["sub"]),
                auth_epoch=int(claims["epoch"]),
                expires_at=float(claims["exp"]),
            )
        except (JWTError, KeyError, ValueError, TypeError, AttributeError) as exc:
            raise TokenRefused from exc


def key_id_of(secret: SecretStr) -> str:
    """Return the name of a secret, which tokens carry; it says nothing of the secret itself."""
    return hashlib.sha256(b"satellite key id:" + secret.get_secret_value().encode()).hexdigest()[:8]
