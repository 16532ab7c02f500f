"""Seals secrets for the one worker that has asked, for the one attempt that it asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from operation_server.secrets.giving.errors import WorkerKeyUnfit
from operation_server.secrets.key_ring import KEY_BYTES, encrypt
from satellite.contracts.run_secrets import RunSecretsRequest, SealedSecrets, context_of, salt_of


def seal(values: Mapping[str, str], request: RunSecretsRequest, *, token: str) -> SealedSecrets:
    """Return values that only who made the request can open.

    Raises:
        WorkerKeyUnfit: its public key is none.
    """
    return seal_for(values, public_key=request.public_key, context=partial(context_of, request), token=token)


def seal_for(
    values: Mapping[str, str], *, public_key: str, context: Callable[[str], bytes], token: str
) -> SealedSecrets:
    """Return values that only who has the private half of a key can open; `context` gets the answer's key.

    Raises:
        WorkerKeyUnfit: the public key is none.
    """
    own = X25519PrivateKey.generate()
    answer_key = base64.b64encode(own.public_key().public_bytes_raw()).decode()
    bound_to = context(answer_key)
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(public_key)))
    except ValueError as error:
        raise WorkerKeyUnfit from error
    key = HKDF(SHA256(), length=KEY_BYTES, salt=salt_of(token), info=bound_to).derive(shared)
    sealed = encrypt(key, orjson.dumps(dict(values)), bound_to)
    return SealedSecrets(public_key=answer_key, sealed=base64.b64encode(sealed).decode())
