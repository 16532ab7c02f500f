"""A plugin's answer: exactly one JSON value on stdout that satisfies the output schema."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import jsonschema_rs

from analysis_server.runtimes.log_capture import printable
from satellite.contracts.json_text import JSONMalformed, JSONRefused, json_pointer, parse_json
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest

QUOTED_BYTES = 200
VIOLATIONS_TOLD = 5
SCHEMAS_CACHED = 512


class AnswerBuffer:
    """Collects stdout up to a limit; what exceeds it is dropped and only noted."""

    def __init__(self, max_bytes: int) -> None:
        """Begin empty."""
        # One byte more, for the newline that `print` adds.
        self._room = max_bytes + 1
        self._data = bytearray()
        self.too_large = False

    def write(self, data: bytes) -> None:
        """Take the next piece of stdout."""
        room = self._room - len(self._data)
        self._data += data[:room]
        if len(data) > room:
            self.too_large = True

    def bytes(self) -> bytes:
        """Return what was collected."""
        return bytes(self._data)


class CompiledSchemas:
    """Output schemas, compiled once per plugin digest."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    def violations(self, digest: str, schema: dict[str, Any], value: Any) -> list[str]:
        """Return what in `value` breaks the schema, each with its JSON pointer."""
        found: list[str] = []
        for error in self._validator(digest, schema).iter_errors(value):
            if len(found) == VIOLATIONS_TOLD:
                found.append("and more")
                break
            found.append(f"{json_pointer(error.instance_path) or 'the value'}: {error.message[:500]}")
        return found

    def _validator(self, digest: str, schema: dict[str, Any]) -> Any:
        with self._lock:
            validator = self._compiled.get(digest)
            if validator is None:
                validator = self._compiled[digest] = jsonschema_rs.validator_for(schema)
                while len(self._compiled) > SCHEMAS_CACHED:
                    self._compiled.popitem(last=False)
            else:
                self._compiled.move_to_end(digest)
            return validator


SCHEMAS = CompiledSchemas()


def find_fault(answer: bytes, *, manifest: PluginManifest, digest: str, max_bytes: int) -> JobError | None:
    """Return what is wrong with an answer, or None."""
    stripped = answer.strip()
    if len(stripped) > max_bytes:
        return too_large(answer, max_bytes=max_bytes)
    if not stripped:
        return _fault("The plugin wrote no result to stdout; one JSON value is expected.")
    try:
        value = parse_json(stripped, bytes_max=None)
    except JSONMalformed as refusal:
        return _fault(f"stdout is not one JSON value ({refusal}); it begins with {quote(answer)}.")
    except JSONRefused as refusal:
        return _fault(refused(refusal, answer))
    return find_value_fault(value, stripped, manifest=manifest, digest=digest)


def find_value_fault(value: Any, written: bytes, *, manifest: PluginManifest, digest: str) -> JobError | None:
    """Return what is wrong with a result that was read from `written`, or None."""
    try:
        violations = SCHEMAS.violations(digest, manifest.output_schema, value)
    except ValueError as error:
        return _fault(f"The output schema of the plugin is not valid: {error}")
    if violations:
        told = "; ".join(violations)
        return _fault(f"The result breaks the output schema: {told}. It begins with {quote(written)}.")
    return None


def too_large(answer: bytes, *, max_bytes: int) -> JobError:
    """Return the error of an answer beyond the limit."""
    return _fault(f"The result is larger than {max_bytes} bytes; it begins with {quote(answer)}.")


def refused(refusal: JSONRefused, written: bytes) -> str:
    """Say why a result is refused."""
    return f"The result is refused: {refusal}. It begins with {quote(written)}."


def quote(data: bytes) -> str:
    """Quote the first bytes for a message."""
    return repr(printable(data[:QUOTED_BYTES]))


def _fault(message: str) -> JobError:
    return JobError(kind=ErrorKind.OUTPUT, message=message)
