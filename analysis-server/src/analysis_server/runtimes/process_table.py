"""What the kernel tells about the processes of this machine, and how exactly one of them is killed.

Nothing but the standard library: the guard of a runtime is a small process that needs this.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Final

SNAPSHOT_AGE_S: Final = 0.1
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat after the command's name.
_STATE, _SESSION, _STARTED, _RSS = 0, 3, 19, 21


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process. `started`, in ticks since the machine's start, tells it from others that had its id."""

    pid: int
    session: int
    started: int
    rss_bytes: int


def list_processes() -> list[ProcessRow]:
    """Return the processes of this machine that are not zombies."""
    rows = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - as below
        if name.isdigit():
            row = read_process(int(name))
            if row is not None:
                rows.append(row)
    return rows


def read_process(pid: int) -> ProcessRow | None:
    """Return one process, None if it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - a Path for each costs more than the rest
            # The name may hold anything, parentheses and blanks included.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if not fields or fields[_STATE] in {b"Z", b"X"}:
        return None
    return ProcessRow(
        pid=pid,
        session=int(fields[_SESSION]),
        started=int(fields[_STARTED]),
        rss_bytes=int(fields[_RSS]) * _PAGE_BYTES,
    )


def kill_process(row: ProcessRow) -> bool:
    """Kill the process of this row and no other that has its id by now; True if a signal was sent."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(row.pid)
        try:
            # The descriptor stays with the process that was looked at.
            now = read_process(row.pid)
            if now is not None and now.started == row.started:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


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
