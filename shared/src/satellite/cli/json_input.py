"""JSON that a command reads from a file or from standard input, whatever an editor or a shell made of it."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Any, BinaryIO

from satellite.cli.errors import BadUsage

MAX_BYTES = 64_000_000
"""More than any server takes; protects from reading a device or a data set to its end."""
STDIN = "standard input"
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""What editors and shells of Windows put in front, and what it says of the rest."""


def read_json_file(path: Path) -> Any:
    """Return the JSON value in a file.

    Raises:
        BadUsage: it cannot be read, is too large, or is not JSON in UTF-8 or marked UTF-16.
    """
    try:
        with path.open("rb") as file:
            content = _read(file, str(path))
    except (OSError, ValueError) as error:  # A ValueError for a name with a NUL character.
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadUsage(f"{path} cannot be read: {reason}.") from error
    return parse_json(decode(content, str(path)), str(path))


def read_json_stdin() -> Any:
    """Return the JSON value on standard input.

    Raises:
        BadUsage: as for a file, or standard input is closed.
    """
    return parse_json(decode(_read(_stdin(), STDIN), STDIN), STDIN)


def read_line_stdin() -> str:
    """Return the first line of standard input without its end.

    Raises:
        BadUsage: it is not text in UTF-8, or standard input is closed.
    """
    return decode(_stdin().readline(), STDIN).rstrip("\r\n")


def read_text_stdin() -> str:
    """Return all of standard input but the end of its last line.

    Raises:
        BadUsage: it is not text in UTF-8, too large, or standard input is closed.
    """
    return decode(_read(_stdin(), STDIN), STDIN).rstrip("\r\n")


def decode(content: bytes, name: str) -> str:
    """Return bytes as text.

    Raises:
        BadUsage: they are neither UTF-8 nor UTF-16 with a byte order mark.
    """
    mark, encoding = next((each for each in MARKS if content.startswith(each[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_text(content, name, encoding, position=len(mark) + error.start) from error
    nul = text.find("\x00")  # No text has any; UTF-16 without its mark is full of them.
    if nul >= 0:
        raise _not_text(content, name, encoding, position=len(mark) + len(text[:nul].encode(encoding)))
    return text


def parse_json(text: str, name: str) -> Any:
    """Return the JSON value in `text`; its size is looked at when it is written for the server.

    Raises:
        BadUsage: it is empty, or not JSON that Satellite takes.
    """
    from satellite.contracts import json_text  # noqa: PLC0415  # Slow to import.

    if not text.strip():
        raise BadUsage(f"{name} is empty; give JSON, such as {{}}.")
    try:
        return json_text.parse_json(text, bytes_max=None)
    except json_text.JSONMalformed as refusal:
        raise BadUsage(f"{name} is not JSON: {refusal}.") from refusal
    except json_text.JSONRefused as refusal:
        raise BadUsage(f"{name} cannot be sent: {refusal}.") from refusal


def _not_text(content: bytes, name: str, encoding: str, *, position: int) -> BadUsage:
    return BadUsage(
        f"{name} is not text in {encoding.upper()}: the byte at position {position} is "
        f"0x{content[position]:02x}; save it as UTF-8."
    )


def _read(file: BinaryIO, name: str) -> bytes:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadUsage(f"{name} is larger than {MAX_BYTES:,} bytes; give large data as files of the plugin.")
    return content


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise BadUsage("Standard input is closed; give the input with --input or --input-file.")
    return sys.stdin.buffer
