"""A text stream for what must not stop its writer: lines that a full disk refuses are dropped."""

from __future__ import annotations

import errno
from typing import Any, TextIO

FULL = {errno.ENOSPC, errno.EDQUOT}


class LossyStream:
    """Passes text on; without room on the disk behind it the text is lost and nothing is raised.

    Standard output and error are files wherever somebody redirects them. An error raised by a log line would
    end whatever wanted to tell of an error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written; returns the length of the text."""
        try:
            self._stream.write(text)
        except OSError as error:
            if error.errno not in FULL:
                raise
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, as far as it can be."""
        try:
            self._stream.flush()
        except OSError as error:
            if error.errno not in FULL:
                raise

    def __getattr__(self, name: str) -> Any:
        """Be the stream in all other respects."""
        return getattr(self._stream, name)
