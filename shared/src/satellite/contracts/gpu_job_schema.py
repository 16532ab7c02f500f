"""Writes the input schema of `plugins/gpu-job/plugin.json`, from the model of the input."""

from __future__ import annotations

from typing import Any

from satellite.contracts.gpu_job import GpuJobInput


def input_schema() -> dict[str, Any]:
    """Return the JSON Schema of a GPU job's input; it names no key that the model does not know."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **GpuJobInput.model_json_schema()}
    schema["title"] = "A command for a cluster to run"
    _close(schema)
    return schema


def _close(part: Any) -> None:
    """Refuse keys beside those of a pattern, which pydantic does and its schema does not say."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part["additionalProperties"] = False
        part.pop("discriminator", None)
        for each in part.values():
            _close(each)
    elif isinstance(part, list):
        for each in part:
            _close(each)
