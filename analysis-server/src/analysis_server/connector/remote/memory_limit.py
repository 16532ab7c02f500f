"""Holds a job to its memory: by a group of the kernel where this account may make one, else by looking."""

import contextlib
import os
from typing import Iterable, Optional

from analysis_server.connector.remote import usage

MIB = 1 << 20


class MemoryLimit:
    """The limit of one job; `memory_mib` of None is none."""

    def __init__(self, name: str, memory_mib: Optional[int]) -> None:
        """Make the group if that is possible."""
        self.limit_mib = memory_mib
        self.group = _make_group(name, memory_mib) if memory_mib is not None else None
        self._kills_before = machine_kills()

    @property
    def is_watched(self) -> bool:
        """Tell whether somebody must look, again and again."""
        return self.limit_mib is not None

    def join(self) -> None:
        """Put this process, a child that is about to become the job, under the limit."""
        if self.group is not None:
            with contextlib.suppress(OSError):
                _write(os.path.join(self.group, "cgroup.procs"), "0")

    def is_exceeded(self, pids: Iterable[int], rss_mib: int) -> bool:
        """Tell whether the job has more than it may; what its processes share counts once."""
        if self.limit_mib is None or rss_mib <= self.limit_mib:
            return False
        return usage.shared_once_mib(pids) > self.limit_mib

    def has_killed(self, signal_number: Optional[int]) -> bool:
        """Tell whether the kernel killed for want of memory: in the group, or what ended by SIGKILL."""
        if self.group is not None and group_kills(self.group) > 0:
            return True
        return signal_number == 9 and machine_kills() > self._kills_before

    def close(self) -> None:
        """Remove the group, which nothing is in any more."""
        remove_group(self.group)


def remove_group(group: Optional[str]) -> None:
    """Remove a group that is empty; one that is not stays."""
    if group is not None:
        with contextlib.suppress(OSError):
            os.rmdir(group)


def machine_kills() -> int:
    """Return how often this machine has killed for want of memory since its start."""
    with contextlib.suppress(OSError), open("/proc/vmstat") as file:
        for line in file:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def group_kills(group: str) -> int:
    """Return how often that happened within a group."""
    for name in ("memory.events", "memory.oom_control"):
        with contextlib.suppress(OSError), open(os.path.join(group, name)) as file:
            for line in file:
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def _make_group(name: str, memory_mib: int) -> Optional[str]:
    own = _own_group()
    if own is None:
        return None
    path, limit_file = own
    group = os.path.join(path, "satellite-" + name)
    try:
        os.mkdir(group)
        _write(os.path.join(group, limit_file), str(memory_mib * MIB))
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(group)
        return None
    with contextlib.suppress(OSError):
        _write(os.path.join(group, "memory.swap.max"), "0")
    return group


def _own_group() -> "Optional[tuple[str, str]]":
    with contextlib.suppress(OSError), open("/proc/self/cgroup") as file:
        rows = [line.rstrip("\n").split(":", 2) for line in file]
        for _, controllers, path in rows:
            if "memory" in controllers.split(","):
                return _existing("/sys/fs/cgroup/memory" + path, "memory.limit_in_bytes")
        for _, controllers, path in rows:
            if controllers == "":
                return _existing("/sys/fs/cgroup" + path, "memory.max")
    return None


def _existing(path: str, limit_file: str) -> "Optional[tuple[str, str]]":
    return (path, limit_file) if os.access(path, os.W_OK) else None


def _write(path: str, value: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode("ascii"))
    finally:
        os.close(fd)
