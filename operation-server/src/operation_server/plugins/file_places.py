"""Where a plugin's input may refer to files, by its schema."""

from __future__ import annotations

from typing import Any, Final

from operation_server.problems import Violation
from satellite.contracts.file_reference import (
    CONTENT_ENCODING,
    CONTENT_KEY,
    FILE_FORMAT,
    FILE_KEY,
    is_content,
    takes_files,
    takes_paths,
)
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.schemas.keywords import NAMED, PLACES

REFERENCE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {FILE_KEY: {"type": "string", "minLength": 1, "maxLength": 64}},
    "required": [FILE_KEY],
    "additionalProperties": False,
}
"""What an input holds where its schema says `satellite-file`, whatever else that says of the place: it tells
what the plugin finds there, a path."""


def with_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema by which inputs are checked as they are submitted, with references to files."""
    return _replaced(schema) if takes_files(schema) else schema


def unfit_for_files(manifest: PluginManifest) -> list[Violation]:
    """Return why a plugin that wants files cannot have any."""
    if manifest.mode is PluginMode.ONESHOT or not takes_paths(manifest.input_schema):
        return []
    return [
        Violation(
            "/input_schema",
            f"takes files (format {FILE_FORMAT!r}) as paths, which only plugins of mode 'oneshot' find; "
            f"a server is given their content: say {CONTENT_KEY!r}: {CONTENT_ENCODING!r} there as well",
        )
    ]


def _replaced(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == FILE_FORMAT:
        # Who has the text at hand need not store it first.
        return {"anyOf": [_text_of(schema), REFERENCE]} if is_content(schema) else REFERENCE
    return {name: _replaced_in(name, value) if name in PLACES else value for name, value in schema.items()}


def _text_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "format"}


def _replaced_in(keyword: str, held: Any) -> Any:
    if isinstance(held, list):
        return [_replaced(each) for each in held]
    if isinstance(held, dict) and keyword in NAMED:
        return {name: _replaced(each) for name, each in held.items()}
    return _replaced(held)
