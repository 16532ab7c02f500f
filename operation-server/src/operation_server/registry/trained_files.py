"""What jobs write that train a model: each file is looked at as it comes in.

So the transition that completes the job finds all in the database, and needs neither storage nor validator.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from operation_server.files.attempts.examination import HEAD_BYTES
from operation_server.files.errors import ArtifactRefused
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.registry import content
from operation_server.registry.schemas import Signature
from operation_server.registry.signatures import signature_faults
from satellite.contracts.json_text import JSONRefused, json_pointer, parse_json
from satellite.contracts.model_version import METRICS_NAME, SIGNATURE_NAME, is_version_file

METRICS_MAX: Final = 100


class TrainedFileExaminer:
    """Looks at the files of a version that is being made, its metrics and its signature."""

    def __init__(self, schemas: SchemaChecks) -> None:
        self._schemas = schemas

    async def examine(self, name: str, head: bytes, *, size_bytes: int) -> dict[str, Any] | None:
        """Return what `metrics.json` or `signature.json` holds, None of other files.

        Raises:
            ArtifactRefused: the registry would not take it.
        """
        if name == METRICS_NAME:
            return _metrics(_read_object(name, head, size_bytes))
        if name == SIGNATURE_NAME:
            return await self._signature(_read_object(name, head, size_bytes))
        fault = content.content_fault(name, head[: content.HEAD_BYTES]) if is_version_file(name) else None
        if fault is not None:
            raise ArtifactRefused(f"{name} {fault}.")
        return None

    async def _signature(self, told: dict[str, Any]) -> dict[str, Any]:
        try:
            signature = Signature.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            raise ArtifactRefused(
                f"{SIGNATURE_NAME}: {json_pointer(first['loc'])}: {first['msg']}."
            ) from error
        found = await signature_faults(self._schemas, signature)
        if found:
            pointer = found[0].pointer.removeprefix("/signature")
            raise ArtifactRefused(f"{SIGNATURE_NAME}: {pointer}: {found[0].message}.")
        return signature.model_dump()


def _metrics(told: dict[str, Any]) -> dict[str, Any]:
    if len(told) > METRICS_MAX:
        raise ArtifactRefused(f"{METRICS_NAME} has {len(told)} members; at most {METRICS_MAX} are taken.")
    return told


def _read_object(name: str, head: bytes, size_bytes: int) -> dict[str, Any]:
    if size_bytes > HEAD_BYTES:
        raise ArtifactRefused(f"{name} has {size_bytes} bytes; at most {HEAD_BYTES} are taken.")
    try:
        told = parse_json(head)
    except JSONRefused as refusal:
        raise ArtifactRefused(f"{name}: {refusal}.") from refusal
    if not isinstance(told, dict):
        raise ArtifactRefused(f"{name} is not a JSON object.")
    return told
