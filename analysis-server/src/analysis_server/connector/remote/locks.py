"""Locks of the kernel: held as long as any process has the open file, whatever became of who took it."""

import contextlib
import fcntl
import functools
import hashlib
import os
import time
from typing import Iterable, Iterator, List, Optional, Tuple

from analysis_server.connector.remote import mounts
from analysis_server.connector.remote.folders import private

# Memory comes last: by default systemd removes what an account left there when it logs out (`RemoveIPC`).
LOCAL = ("/var/tmp", "/dev/shm")  # noqa: S108
PAUSE_S = 0.02


class Held:
    """A lock that this process holds; `fd` may be given to others, which then hold it too."""

    def __init__(self, fd: int) -> None:
        """Take the open file that is locked."""
        self.fd = fd

    def close(self) -> None:
        """Let go; whoever else has the file still holds it."""
        os.close(self.fd)


@functools.lru_cache(maxsize=8)
def host_locks(base: str) -> str:
    """Return the folder of this account's locks, on a file system of this host alone where there is one."""
    for root in filter(mounts.is_local, LOCAL):
        with contextlib.suppress(OSError):
            path = private(os.path.join(root, f"satellite-{os.getuid()}"))
            # Somebody else may have made it first, to have us wait for their locks.
            is_ours = os.lstat(path).st_uid == os.getuid() and not os.path.islink(path)
            if is_ours and os.access(path, os.W_OK):
                return path
    return private(os.path.join(base, ".satellite", "locks"))


@functools.lru_cache(maxsize=8)
def job_locks(base: str) -> str:
    """Return the folder of the locks of jobs below one base; several stacks may share an account."""
    digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:16]
    return os.path.join(host_locks(base), digest)


def take(path: str, *, wait_s: float) -> Optional[Held]:
    """Return the lock, or None if somebody holds it all the time.

    Whoever only asks about a lock holds it for a moment, so that not to wait at all would be too hasty.
    """
    private(os.path.dirname(path))
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                os.close(fd)
                return None
            time.sleep(PAUSE_S)
        else:
            return Held(fd)


@contextlib.contextmanager
def taken(path: str, *, wait_s: float) -> Iterator[bool]:
    """Hold a lock within a block; False if it could not be had."""
    held = take(path, wait_s=wait_s)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.close()


def is_held(path: str) -> bool:
    """Tell whether any process holds the lock; a file that is not there is held by nobody."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def refresh(fds: Iterable[int]) -> None:
    """Have locks look as if they were used just now, to whoever removes what is old."""
    for fd in fds:
        with contextlib.suppress(OSError):
            os.utime(fd)


def identity(fd: int) -> List[int]:
    """Return what tells a lock's file apart from others, also after it was removed."""
    status = os.fstat(fd)
    return [status.st_dev, status.st_ino]


def identity_of(path: str) -> Optional[Tuple[int, int]]:
    """Return the same of a path; None if nothing is there."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)
