"""All processes of one job, whatever they did to their session, their parents or their files."""

import contextlib
import os
import resource
import signal
import time
from typing import Callable, Dict, Iterable, List, Optional, Set, Tuple

from analysis_server.connector.remote import this_host

# The limit of file locks, which Linux has not applied since 2.4.25: it passes to every child and over `exec`,
# can be read from outside, and only be lowered from inside.
RLIMIT_LOCKS = 10
LIMIT_NAME = b"Max file locks"
VARIABLE = "SATELLITE_TREE"
PAUSE_S = 0.02


class Tree:
    """What tells the processes of one job apart: their mark, and the file that they inherited."""

    def __init__(self, mark: int, lock_identity: Optional[Tuple[int, int]]) -> None:
        """Take both."""
        self.mark = mark
        self._lock_identity = lock_identity
        self._variable = ("\0%s=%d\0" % (VARIABLE, mark)).encode("ascii")

    def members(self) -> List[int]:
        """Return all of this account's processes that belong to the job, with all their descendants."""
        own = {os.getpid()}
        found = {pid for pid in own_processes() if pid not in own and self._owns(pid)}
        return sorted(pid for pid in with_descendants(found) - own if is_alive(pid))

    def _owns(self, pid: int) -> bool:
        return limit_mark(pid) == self.mark or self._has_variable(pid) or self._has_file(pid)

    def _has_variable(self, pid: int) -> bool:
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                return self._variable in b"\0" + file.read()
        except OSError:
            return False

    def _has_file(self, pid: int) -> bool:
        if self._lock_identity is None:
            return False
        folder = "/proc/%d/fd" % pid
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                with contextlib.suppress(OSError):
                    status = os.stat(os.path.join(folder, name))
                    if (status.st_dev, status.st_ino) == self._lock_identity:
                        return True
        return False


def set_mark(mark: int) -> None:
    """Mark this process and all that it will start."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(RLIMIT_LOCKS, (mark, mark))


def limit_mark(pid: int) -> Optional[int]:
    """Return the mark of a process; None if it has none or is gone."""
    try:
        with open("/proc/%d/limits" % pid, "rb") as file:
            value = file.read().partition(LIMIT_NAME)[2].split(None, 1)[0]
    except (OSError, IndexError):
        return None
    return int(value) if value.isdigit() else None


def descendants(root: int) -> Set[int]:
    """Return all processes that descend from one, without itself."""
    return with_descendants({root}) - {root}


def with_descendants(roots: Iterable[int]) -> Set[int]:
    """Return some processes with all that descend from them."""
    below = children if os.path.exists("/proc/thread-self/children") else _children_by_parent()
    found: Set[int] = set()
    left = list(roots)
    while left:
        pid = left.pop()
        if pid not in found:
            found.add(pid)
            left.extend(below(pid))
    return found


def children(pid: int) -> List[int]:
    """Return the children of a process, of all its threads, where the kernel lists them."""
    found: List[int] = []
    folder = "/proc/%d/task" % pid
    with contextlib.suppress(OSError):
        for thread in os.listdir(folder):
            with contextlib.suppress(OSError), open(os.path.join(folder, thread, "children")) as file:
                found.extend(int(child) for child in file.read().split())
    return found


def _children_by_parent() -> Callable[[int], List[int]]:
    by_parent: Dict[int, List[int]] = {}
    for pid in own_processes():
        fields = this_host.stat_fields(pid)
        if fields:
            by_parent.setdefault(int(fields[1]), []).append(pid)
    return lambda pid: by_parent.get(pid, [])


def own_processes() -> List[int]:
    """Return all processes of this account."""
    uid, found = os.getuid(), []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat("/proc/" + name).st_uid == uid:
                    found.append(int(name))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and more than remains that wait for their parent."""
    return this_host.start_time(pid) is not None


def end(
    members: Callable[[], List[int]],
    *,
    grace_s: float,
    kill_s: float,
    reap: Callable[[], object] = lambda: None,
) -> bool:
    """Ask all to end, kill what is there after the grace until nothing is; False if something resists."""
    if grace_s > 0:
        send(members(), signal.SIGTERM)
        if wait_gone(members, within_s=grace_s, reap=reap):
            return True
    until = time.monotonic() + kill_s
    while True:
        left = members()
        if not left:
            return True
        send(left, signal.SIGKILL)
        reap()
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE_S)


def wait_gone(members: Callable[[], List[int]], *, within_s: float, reap: Callable[[], object]) -> bool:
    """Wait until nothing is left; False if something is when the time is over."""
    until = time.monotonic() + within_s
    while True:
        reap()
        if not members():
            return True
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE_S)


def send(pids: Iterable[int], signal_number: int) -> None:
    """Send a signal to processes that may be gone."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal_number)
