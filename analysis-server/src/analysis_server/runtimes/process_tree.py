"""The processes of one run: found, measured and killed together, wherever they moved in the meantime."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
MARKER_VARIABLE: Final = "SATELLITE_RUN"
SNAPSHOT_AGE_S: Final = 0.1
KILL_ROUNDS: Final = 20
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat after the command's name.
_STATE, _PARENT, _SESSION, _STARTED, _RSS = 0, 1, 3, 19, 21


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """What the kernel tells about one process."""

    pid: int
    parent: int
    session: int
    started: int
    rss_bytes: int


def list_processes() -> list[ProcessRow]:
    """Return the processes of this machine that are not zombies."""
    rows = []
    for name in os.listdir(PROC):  # noqa: PTH208 - a hundred Path objects a call are not needed
        if name.isdigit():
            row = read_process(int(name))
            if row is not None:
                rows.append(row)
    return rows


def read_process(pid: int) -> ProcessRow | None:
    """Return one process, None if it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - see above
            # The name may hold anything, parentheses and blanks included.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if not fields or fields[_STATE] in {b"Z", b"X"}:
        return None
    return ProcessRow(
        pid=pid,
        parent=int(fields[_PARENT]),
        session=int(fields[_SESSION]),
        started=int(fields[_STARTED]),
        rss_bytes=int(fields[_RSS]) * _PAGE_BYTES,
    )


class ProcessTable:
    """A snapshot of all processes that many runs share, at most `SNAPSHOT_AGE_S` old."""

    def __init__(self) -> None:
        """Begin without a snapshot."""
        self._lock = threading.Lock()
        self._rows: list[ProcessRow] = []
        self._taken_at = float("-inf")

    def rows(self) -> list[ProcessRow]:
        """Return the processes."""
        with self._lock:
            if time.monotonic() - self._taken_at > SNAPSHOT_AGE_S / 2:
                self._rows = list_processes()
                self._taken_at = time.monotonic()
            return self._rows


class ProcessTree:
    """A leader, its session, its descendants, and what carries its marker in the environment."""

    def __init__(self, leader: int, *, marker: str, table: ProcessTable) -> None:
        """Take the leader of a fresh session."""
        self._leader = leader
        self._marker = f"{MARKER_VARIABLE}={marker}".encode()
        self._table = table
        self._known: dict[int, int] = {}
        first = read_process(leader) or read_process(os.getpid())
        self._since = first.started if first else 0

    def rss_bytes(self) -> int:
        """Return the memory of the whole tree; shared pages count once for each process."""
        return sum(row.rss_bytes for row in self._members(self._table.rows()))

    def kill(self) -> None:
        """Kill the session's group at once. A leader that was not reaped yet cannot be mistaken."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._leader, signal.SIGKILL)
        for row in self._members(self._table.rows()):
            _kill(row)

    def kill_rest(self) -> bool:
        """Kill whatever is left until nothing is; False if something resists."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._leader, signal.SIGKILL)
        for _ in range(KILL_ROUNDS):
            left = [row for row in list_processes() if row.started >= self._since and self._owns(row)]
            if not left:
                return True
            for row in left:
                _kill(row)
            time.sleep(0.005)
        return False

    def _owns(self, row: ProcessRow) -> bool:
        return (
            row.session == self._leader
            or self._known.get(row.pid) == row.started
            or has_marker(row.pid, self._marker)
        )

    def _members(self, rows: list[ProcessRow]) -> list[ProcessRow]:
        children: dict[int, list[ProcessRow]] = {}
        members: dict[int, ProcessRow] = {}
        for row in rows:
            children.setdefault(row.parent, []).append(row)
            if self._leader in {row.pid, row.session} or self._known.get(row.pid) == row.started:
                members[row.pid] = row
        waiting = list(members)
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child.pid not in members:
                    members[child.pid] = child
                    waiting.append(child.pid)
        self._known = {row.pid: row.started for row in members.values()}
        return list(members.values())


def has_marker(pid: int, marker: bytes) -> bool:
    """Tell whether a process was started with this variable; False for those of other users."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - see above
            return marker in file.read().split(b"\0")
    except OSError:
        return False


def _kill(row: ProcessRow) -> None:
    now = read_process(row.pid)
    if now is not None and now.started == row.started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(row.pid, signal.SIGKILL)
