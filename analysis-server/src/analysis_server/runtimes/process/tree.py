"""All processes of one run: counted together, ended together."""

from __future__ import annotations

import contextlib
import os
import signal

from analysis_server.runtimes.process.mark import kill_until_none, mark_of
from analysis_server.runtimes.process_table import (
    ProcessRow,
    ProcessTable,
    kill_process,
    list_processes,
    read_process,
)


class ProcessTree:
    """A leader, its session, and all that carries its mark."""

    def __init__(self, leader: int, *, mark: int, table: ProcessTable) -> None:
        """Take the leader of a fresh session."""
        self._leader = leader
        self._mark = mark
        self._table = table
        first = read_process(leader) or read_process(os.getpid())
        self._since = first.started if first else 0
        self._known: dict[tuple[int, int], bool] = {}

    def rss_bytes(self) -> int:
        """Return the memory of the whole tree; shared pages count once for each process."""
        known, self._known, total = self._known, {}, 0
        for row in self._table.rows():
            if row.started >= self._since:
                key = (row.pid, row.started)
                # What a process was once found to be it stays, and to ask takes longer than all else here.
                self._known[key] = known[key] if key in known else self._owns(row)
                total += row.rss_bytes if self._known[key] else 0
        return total

    def kill(self) -> None:
        """Kill what there is now. A leader that was not reaped yet cannot be mistaken."""
        self._kill_session()
        for row in list_processes():
            if self._is_member(row):
                kill_process(row)

    def kill_rest(self) -> bool:
        """Kill whatever is left until nothing is; False if something resists."""
        self._kill_session()
        return kill_until_none(self._is_member) is not None

    def _kill_session(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._leader, signal.SIGKILL)

    def _is_member(self, row: ProcessRow) -> bool:
        return row.started >= self._since and self._owns(row)

    def _owns(self, row: ProcessRow) -> bool:
        return row.session == self._leader or mark_of(row.pid) == self._mark
