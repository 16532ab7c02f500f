"""Tells of an error in a snippet: the author's lines in the log, and at its end the whole in one line."""

from __future__ import annotations

import contextlib
import sys
import traceback
from pathlib import Path

import satellite.plugin

PART_CHARS_MAX = 4_000
"""Of one part of a traceback, such as the text of an exception."""
MESSAGE_CHARS_MAX = 300
OURS = (str(Path(__file__).parent), str(Path(satellite.plugin.__file__).parent))
"""Folders whose frames say nothing to the author of a snippet."""


def tell(error: BaseException, source: str) -> None:
    """Write the traceback of an error in `source`, and as the last line what the job will be told."""
    trace = traceback.TracebackException.from_exception(error)
    _cut(trace)
    parts = [_shorten(part, PART_CHARS_MAX) for part in trace.format()]
    name = type(error).__name__
    message = _shorten(" ".join(_text_of(error).split()), MESSAGE_CHARS_MAX)
    headline = f"{name}: {message}" if message else name
    if parts and " ".join(parts[-1].split()).endswith(headline):
        # It would stand there twice.
        parts.pop()
    place = _place_of(error, source)
    _write("".join([*parts, f"{headline}  ({place})\n" if place else f"{headline}\n"]))


def _write(text: str) -> None:
    # The snippet may have put something else in their places.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    if sys.__stderr__ is not None:
        sys.__stderr__.write(text)
        sys.__stderr__.flush()


def _cut(trace: traceback.TracebackException) -> None:
    """Take our frames out of a traceback and out of those of its causes."""
    waiting, seen = [trace], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        each.stack[:] = [frame for frame in each.stack if not frame.filename.startswith(OURS)]
        waiting += [*filter(None, (each.__cause__, each.__context__)), *(each.exceptions or ())]


def _text_of(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.msg:
        return error.msg
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - what an exception says of itself is the author's code.
        return "<its text cannot be made>"


def _place_of(error: BaseException, source: str) -> str:
    """Return the author's line at which it happened, and the column where the line is no Python."""
    if isinstance(error, SyntaxError) and error.filename == source and error.lineno:
        return f"line {error.lineno}, column {error.offset}" if error.offset else f"line {error.lineno}"
    trace, line = error.__traceback__, None
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == source else line
        trace = trace.tb_next
    return f"line {line}" if line else ""


def _shorten(text: str, chars_max: int) -> str:
    if len(text) <= chars_max:
        return text
    end = "\n" if text.endswith("\n") else ""
    return f"{text[:chars_max]}… ({len(text):,} characters){end}"
