"""A plugin's answer: exactly one JSON value on stdout that satisfies the output schema."""

from __future__ import annotations

import atexit
from typing import Any

from analysis_server.runtimes.run.log_capture import printable
from satellite.contracts.json_text import JSONMalformed, JSONRefused, parse_json
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.schemas.checked import CheckedSchemas
from satellite.schemas.compiled import SchemaInvalid
from satellite.schemas.faults import Fault, SchemaTooComplex
from satellite.schemas.pool import CheckerPool

QUOTED_BYTES = 200
VIOLATIONS_TOLD = 5


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


class OutputSchemas:
    """Output schemas by the digest of their plugin, and the processes in which costly checks are made."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known = CheckedSchemas()
        self._pool = CheckerPool()

    def faults(self, digest: str, schema: dict[str, Any], value: Any, text: bytes) -> list[Fault]:
        """Return what in `value`, whose JSON text is `text`, breaks the schema.

        Raises:
            SchemaInvalid: the schema is none.
            SchemaTooComplex: checking takes more time or memory than there is.
        """
        checked = self._known.get(digest, schema)
        found = checked.check_here(value, text)
        return checked.check_there(self._pool, digest, text) if found is None else found

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


SCHEMAS = OutputSchemas()
# The attempts of all slots share it, and it lives as long as their process.
atexit.register(SCHEMAS.close)


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
    return find_value_fault(value, stripped, schema=manifest.output_schema, digest=digest)


def find_value_fault(
    value: Any, written: bytes, *, schema: dict[str, Any], digest: str, whose: str = "the plugin"
) -> JobError | None:
    """Return what is wrong with a result that was read from `written`, or None; `digest` is the schema's."""
    if not schema:
        return None
    try:
        faults = SCHEMAS.faults(digest, schema, value, written)
    except SchemaInvalid as error:
        return _fault(f"The output schema of {whose} cannot be used: {_told(error.fault, 'it')}.")
    except SchemaTooComplex as error:
        return _fault(f"The result cannot be checked: by the output schema of {whose} it {error}.")
    if faults:
        told = "; ".join(_told(fault, "the value") for fault in faults[:VIOLATIONS_TOLD])
        more = "; and more" if len(faults) > VIOLATIONS_TOLD else ""
        return _fault(f"The result breaks the output schema: {told}{more}. It begins with {quote(written)}.")
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


def _told(fault: Fault, whole: str) -> str:
    return f"{fault.pointer or whole}: {fault.message}"


def _fault(message: str) -> JobError:
    return JobError(kind=ErrorKind.OUTPUT, message=message)
