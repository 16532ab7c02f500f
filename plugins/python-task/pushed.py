"""What a step has pushed so far, as it will be answered."""

from __future__ import annotations

import json
from typing import Any

from unfit import (
    INLINE_BYTES_MAX,
    STEP_BYTES_MAX,
    VALUE_BYTES_MAX,
    VALUE_PARTS_MAX,
    TooLarge,
    ValueUnfit,
)
from value_files import ValueFiles
from values import encode_value, write

KEY_CHARS_MAX = 250
ENVELOPE = {"xcoms": {}, "files": {}}
INSTEAD = "keep it in fewer or smaller values, or write it to a file in $SATELLITE_OUTPUT_DIR"


class PushedValues:
    """Values by key, each as it was when it was pushed: what is changed afterwards does not travel.

    A value that is too large for an answer, or the one with which all would be, becomes a file.
    """

    def __init__(self) -> None:
        self._files = ValueFiles()
        self._encoded: dict[str, Any] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._bytes: dict[str, int] = {}

    def push(self, key: str, value: Any) -> None:
        """Take a value, in place of an earlier one of the same key.

        Raises:
            TypeError: it is of a type that does not travel, or the key is no text.
            ValueError: it is too large, too deep, or one too many; or the key cannot be one.
        """
        _check_key(key)
        encoded = _encode(key, value)
        data = write(encoded).encode()
        if len(data) > VALUE_BYTES_MAX:
            raise _too_large(key, f"{len(data):,} bytes")
        if len(data) <= INLINE_BYTES_MAX and self._total(key, len(data)) <= STEP_BYTES_MAX:
            self._forget(key)
            self._encoded[key] = encoded
            self._bytes[key] = _entry_bytes(key, len(data))
        else:
            self._store(key, data)

    def as_json(self) -> dict[str, Any]:
        """Return all as it is answered: values by their keys, and the files of those that became some."""
        return {"xcoms": self._encoded, "files": self._stored} if self._stored else {"xcoms": self._encoded}

    def _store(self, key: str, data: bytes) -> None:
        if not self._files.are_kept:
            raise ValueError(
                f"xcom {key!r} has {len(data):,} bytes, and where no files are kept a value may have "
                f"{INLINE_BYTES_MAX:,} and a step {STEP_BYTES_MAX:,}: keep it in fewer or smaller values"
            )
        entry = {"name": self._files.name_for(key), "size_bytes": len(data)}
        size = len(write(entry))
        total = self._total(key, size)
        if total > STEP_BYTES_MAX:
            raise ValueError(
                f"xcom {key!r} is one too many: even as a file it makes what this step answers {total:,} "
                f"bytes, of {STEP_BYTES_MAX:,}: {INSTEAD}"
            )
        self._forget(key)
        try:
            self._files.write(entry["name"], data)
        except ValueError as error:
            raise ValueError(f"xcom {key!r}: {error}") from None
        self._stored[key], self._bytes[key] = entry, _entry_bytes(key, size)

    def _forget(self, key: str) -> None:
        self._encoded.pop(key, None)
        self._bytes.pop(key, None)
        if (entry := self._stored.pop(key, None)) is not None:
            self._files.remove(entry["name"])

    def _total(self, key: str, size: int) -> int:
        others = sum(self._bytes.values()) - self._bytes.get(key, 0)
        return others + _entry_bytes(key, size) + len(write(ENVELOPE))


def _entry_bytes(key: str, size: int) -> int:
    return len(write(key).encode()) + len(":,") + size


def _encode(key: str, value: Any) -> Any:
    try:
        return encode_value(value)
    except ValueUnfit as error:
        raise TypeError(f"xcom {key!r}: {error.told()}") from None
    except TooLarge:
        raise _too_large(key, _size_of(value)) from None
    except RecursionError:
        raise ValueError(f"xcom {key!r}: it is nested too deeply") from None


def _size_of(value: Any) -> str:
    """Return how large a value is that was not written because it is too large."""
    if isinstance(value, (str, bytes)):
        return f"{len(json.dumps(value)) if isinstance(value, str) else len(value):,} bytes"
    size = getattr(value, "nbytes", None)
    if isinstance(size, int):
        return f"{size:,} bytes"
    return f"more than {VALUE_BYTES_MAX:,} bytes or {VALUE_PARTS_MAX:,} parts"


def _too_large(key: str, size: str) -> ValueError:
    return ValueError(f"xcom {key!r} has {size}; a value may have {VALUE_BYTES_MAX:,} bytes: {INSTEAD}")


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise TypeError(f"the key of an xcom is a text, not {key!r:.40}")
    if not key.isprintable() or not 0 < len(key) <= KEY_CHARS_MAX:
        raise ValueError(
            f"the key of an xcom has 1 to {KEY_CHARS_MAX} characters that can be seen: {key!r:.40}"
        )
