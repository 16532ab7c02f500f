"""Signatures of models: what is wrong with one, and what tells a model from another of its name."""

from __future__ import annotations

import hashlib
import json

from operation_server.plugins.json_schema import SchemaChecks
from operation_server.problems import Violation
from operation_server.registry.schemas import Signature


async def signature_faults(schemas: SchemaChecks, signature: Signature) -> list[Violation]:
    """Return what is wrong with the schemas of a signature.

    Raises:
        SchemaChecksBusy: one needs a limited process, and none becomes free.
    """
    found = []
    for part, schema in signature.model_dump(exclude_none=True).items():
        found += [
            Violation(f"/signature{each.pointer}", each.message)
            for each in await schemas.find_violations(part, schema)
        ]
    return found


def model_digest(description: str, signature: Signature) -> str:
    """Return the SHA-256 that tells a repeated registration from another, in hexadecimal."""
    # Not by orjson, to which whole numbers beyond 64 bits are none.
    told = json.dumps(
        [description, signature.model_dump()], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(told.encode()).hexdigest()
