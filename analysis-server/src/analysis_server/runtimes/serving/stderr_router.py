"""Gives each line of a server's stderr to the jobs it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis_server.runtimes.log_capture import HeadAndTail, printable
from analysis_server.runtimes.partial_line import PartialLine
from analysis_server.runtimes.serving.call import Call

KEPT_BYTES = 16 * 1024
TAIL_BYTES = 4_096
_MARK = re.compile(rb"::(progress|end)@(\S+)(.*)", re.DOTALL)


class StderrRouter:
    """Passes log lines to the jobs inside, and `::progress@ID` lines to the job they name.

    What belongs to no job (start-up, background work) is kept only for the error of a failed server: one
    user must never read another's lines.
    """

    def __init__(self) -> None:
        """Begin without jobs."""
        self._calls: Sequence[Call] = ()
        self._partial = PartialLine()
        self._own = HeadAndTail(KEPT_BYTES)
        self.ended = False
        """Whether the server said that it has written all of the present jobs' lines."""

    def begin(self, calls: Sequence[Call]) -> None:
        """Give lines to these jobs from now on."""
        self._calls = calls
        self.ended = False

    def write(self, data: bytes) -> None:
        """Take the next piece of stderr."""
        complete = self._partial.feed(data)
        if b"::" not in complete:
            self._log(complete)
            return
        for line in complete.splitlines(keepends=True):
            self._take(line)

    def tail(self) -> str | None:
        """Return the end of what belongs to no job."""
        last = self._own.last(TAIL_BYTES)
        return printable(last) if last else None

    def flush(self) -> None:
        """Pass on the last line, which was not ended by a line break."""
        self._log(self._partial.rest())

    def _take(self, line: bytes) -> None:
        found = _MARK.match(line)
        if found is None:
            self._log(line)
            return
        kind, job, rest = found[1], found[2].decode("utf-8", "replace"), found[3]
        named = next((call for call in self._calls if call.id == job), None)
        if named is None:
            return
        if kind == b"end":
            self.ended = True
        else:
            named.write_log(b"::progress" + rest)

    def _log(self, lines: bytes) -> None:
        if not lines:
            return
        if not self._calls or self.ended:
            self._own.append(lines)
            return
        for call in self._calls:
            call.write_log(lines)
