"""Names this process, so that others on the host can tell whether what it left behind still has an owner."""

from __future__ import annotations

import functools
import os
import socket

from analysis_server.runtimes.process_table import read_process


@functools.cache
def owner_label() -> str:
    """Name this process so that others on the same host can tell whether it still lives."""
    row = read_process(os.getpid())
    return f"{socket.gethostname()}/{os.getpid()}/{row.started if row else 0}"


def owner_is_dead(owner: str) -> bool:
    """Tell whether the process with this name has ended; False for those of other hosts."""
    host, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    # Not by the time of day, which another process computes differently once the clock was set.
    row = read_process(int(pid))
    return row is None or str(row.started) != started
