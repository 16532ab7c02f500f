"""How a worker is given the secrets of an attempt: it asks the API, and is answered sealed for itself alone.

The worker makes a pair of X25519 keys for each request. What vouches for its public key is the signature of
the request, by the token that workers and API share: so nobody between them, and nobody who rules Redis, can
put another key in its place. The key of the answer comes from both public keys, the token and the attempt, so
that an answer is of no use for another attempt, and none can come from anybody else.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from pydantic import Field

from satellite.contracts.job import AttemptMessage
from satellite.contracts.message import Message

PATH: Final = "/api/v1/worker/secrets"
SIGNATURE_HEADER: Final = "X-Satellite-Signature"

_BASE64_OF_32_BYTES: Final = r"^[A-Za-z0-9+/]{43}=$"


class RunSecretsRequest(AttemptMessage):
    """A worker asks for the secrets of an attempt that it is about to run."""

    job_id: int = Field(ge=1, le=2**63 - 1)
    attempt: int = Field(ge=1, le=2**63 - 1)
    worker: str = Field(min_length=1, max_length=100)
    public_key: str = Field(pattern=_BASE64_OF_32_BYTES, description="X25519, in base64.")


class SealedSecrets(Message):
    """The values by their names, as JSON, in AES-256-GCM with the nonce in front."""

    public_key: str = Field(pattern=_BASE64_OF_32_BYTES, description="X25519, in base64.")
    sealed: str = Field(description="In base64.")


def sign(token: str, method: str, path: str, body: bytes) -> str:
    """Return what proves that a request comes from who has the token, which itself is never sent."""
    signed = b"satellite worker request\n" + f"{method} {path}\n".encode() + body
    return hmac.new(token.encode(), signed, hashlib.sha256).hexdigest()


def salt_of(token: str) -> bytes:
    """Return the salt by which the key of an answer is derived."""
    return hashlib.sha256(b"satellite worker answer\n" + token.encode()).digest()


def context_of(request: RunSecretsRequest, answer_key: str) -> bytes:
    """Return what an answer is bound to: the attempt, the worker and both public keys."""
    parts = (
        "satellite run secrets", request.job_id, request.attempt, request.uid, request.worker,
        request.public_key, answer_key,
    )  # fmt: skip
    return "\n".join(map(str, parts)).encode()
