"""Signatures of webhooks, as https://www.standardwebhooks.com says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32


def new_signing_secret() -> str:
    """Return a secret, with the prefix that tells what it is for."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def signed_headers(
    body: bytes, *, message_id: str, timestamp_s: int, signing_secrets: Sequence[str]
) -> dict[str, str]:
    """Return the headers of a message, with a signature by each secret: of the present one first."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{_sign(signed, each)}" for each in signing_secrets),
    }


def _sign(signed: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
