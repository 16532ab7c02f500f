"""Names this process, so that others on the host can tell whether what it left behind still has an owner."""

from __future__ import annotations

import functools
import os
import socket

import psutil


@functools.cache
def owner_label() -> str:
    """Name this process so that others on the same host can tell whether it still lives."""
    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def owner_is_dead(owner: str) -> bool:
    """Tell whether the process with this name has ended; False for those of other hosts."""
    host, _, rest = owner.partition("/")
    pid, _, created = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != created
    except psutil.NoSuchProcess:
        return True
