"""Gives each line of a server's stderr to the jobs it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence

import structlog

from analysis_server.runtimes.run.log_capture import HeadAndTail, printable
from analysis_server.runtimes.run.partial_line import PartialLine
from analysis_server.runtimes.serving.run import ServerRun, owners_of

KEPT_BYTES = 16 * 1024
TAIL_BYTES = 4_096
_MARK = re.compile(rb"::(progress|begin|end)@(\S+)(.*)", re.DOTALL)

logger = structlog.get_logger(__name__)


class StderrRouter:
    """Passes log lines to the jobs inside, and `::progress@ID` lines to the job they name.

    One user must never read another's lines, and lines may come late. So a line without a mark belongs to the
    jobs inside only if all of them are of one owner, and either the server has told by `::begin@ID` that it
    works on them, or it makes no such marks and has served nobody else since its start. Any other line
    (start-up, background work, what another's job left behind) is in no job's log, and in this process's own
    only at debug level.
    """

    def __init__(self, *, plugin: str, started_for: int) -> None:
        """Begin without jobs, for a server that was started because of a job of the owner `started_for`."""
        self._plugin = plugin
        self._owners = {started_for}
        self._runs: Sequence[ServerRun] = ()
        self._hearers: Sequence[ServerRun] = ()
        self._partial = PartialLine()
        self._startup: HeadAndTail | None = HeadAndTail(KEPT_BYTES)
        self.begin_marks = False
        """Whether the server promised a mark where it begins with a request."""
        self.ended = False
        """Whether the server said that it has written all of the present jobs' lines."""
        self.withheld = False
        """Whether lines came meanwhile that may be another's than the present jobs'."""

    @property
    def serves_one_owner(self) -> bool:
        """Tell whether whatever the server wrote can only be of one owner's jobs."""
        return len(self._owners) == 1

    def begin(self, runs: Sequence[ServerRun]) -> None:
        """Take these jobs as those inside from now on."""
        self._runs = runs
        self._owners |= owners_of(runs)
        self._hearers = runs if self.serves_one_owner and not self.begin_marks else ()
        self.ended = self.withheld = False
        if runs:
            self._startup = None

    def write(self, data: bytes) -> None:
        """Take the next piece of stderr."""
        complete = self._partial.feed(data)
        if b"::" not in complete:
            self._log(complete)
            return
        for line in complete.splitlines(keepends=True):
            self._take(line)

    def startup_tail(self) -> str | None:
        """Return the end of what was written before the first request."""
        last = self._startup.last(TAIL_BYTES) if self._startup else None
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
        named = next((run for run in self._runs if run.id == job), None)
        if named is None:
            return
        if kind == b"begin":
            self._hearers = self._runs if len(owners_of(self._runs)) == 1 else ()
        elif kind == b"end":
            self._hearers = ()
            self.ended = True
        else:
            named.write_log(b"::progress" + rest)

    def _log(self, lines: bytes) -> None:
        # Read once: a request may be handed over by another thread meanwhile.
        hearers = self._hearers
        for run in hearers:
            run.write_log(lines)
        if not hearers and lines.strip():
            self._keep_from_jobs(lines)

    def _keep_from_jobs(self, lines: bytes) -> None:
        self.withheld = self.withheld or (bool(self._runs) and not self.ended)
        if self._startup is not None:
            self._startup.append(lines)
        logger.debug("lines of no job", plugin=self._plugin, lines=printable(lines))
