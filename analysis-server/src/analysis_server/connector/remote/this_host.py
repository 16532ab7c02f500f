"""What tells this host, this start of it and its processes apart from others."""

import functools
import os
import socket
from typing import Optional

BOOT_ID = "/proc/sys/kernel/random/boot_id"


@functools.lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what is another one after each reboot."""
    with open(BOOT_ID) as file:
        return file.read().strip()


def process_space() -> str:
    """Return what tells the processes of this host from those of containers beside it or after it."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def host_name() -> str:
    """Return the name that this host gives itself."""
    return socket.gethostname()


def start_time(pid: int) -> Optional[int]:
    """Return when a process began, in ticks since the boot; None if there is none, or only its remains."""
    fields = stat_fields(pid)
    return int(fields[19]) if fields and fields[0] not in ("Z", "X") else None


def stat_fields(pid: int) -> "list[str]":
    """Return the fields of `/proc/PID/stat` from the state on; none if there is no such process."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def same_process(pid: int, began: int) -> bool:
    """Tell whether a process is the one that began then, not another that was given its number."""
    return start_time(pid) == began


def own_start_time() -> int:
    """Return when this process began."""
    return start_time(os.getpid()) or 0
