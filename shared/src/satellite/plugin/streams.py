"""Keeps stdin and stdout for Satellite alone.

After `take_streams` whatever anyone prints, C libraries and child processes included, goes to stderr,
and nobody but Satellite can read the requests.
"""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO, NamedTuple

STDIN, STDOUT, STDERR = 0, 1, 2


class Streams(NamedTuple):
    """The two channels to Satellite."""

    requests: BinaryIO
    answers: BinaryIO


def take_streams() -> Streams:
    """Move stdin and stdout away from where the author's code finds them."""
    requests = os.fdopen(os.dup(STDIN), "rb")
    answers = os.fdopen(os.dup(STDOUT), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN)
    os.close(nothing)
    # Before any flush, so that what was printed while modules were imported lands on stderr too.
    os.dup2(STDERR, STDOUT)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return Streams(requests, answers)


def set_up_logging() -> None:
    """Send log records to stderr, unless the author has set up logging already."""
    logging = sys.modules.get("logging")
    if logging is None:
        return  # The author does not log, and importing it would slow down every start.
    level = os.environ.get("SATELLITE_LOG_LEVEL", "INFO").upper()
    known = logging.getLevelName(level)
    logging.basicConfig(
        stream=sys.stderr,
        level=known if isinstance(known, int) else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
    )
