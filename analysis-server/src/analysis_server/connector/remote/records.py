"""Records in JSON that are whole or not there, also on a disk that is full."""

import contextlib
import errno
import json
import os
from typing import Any, Optional

FULL = (errno.ENOSPC, errno.EDQUOT)


def read(path: str) -> Optional[Any]:
    """Return what a record says; None if there is none, or none that is whole."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError):
        return None


def write(path: str, value: Any) -> None:
    """Put a record in place of the one before, in one step."""
    part = _part(path)
    try:
        _fill(part, _bytes(value), flags=os.O_CREAT | os.O_EXCL)
        os.rename(part, path)
    except OSError:
        _remove(part)
        raise
    _sync_folder(path)


def write_once(path: str, value: Any, *, reserve: Optional[str] = None) -> bool:
    """Write a record that nobody changes any more; False if somebody was quicker.

    With a `reserve`, a file that was filled while there was room, it is written on a full disk too.
    """
    part, data = _part(path), _bytes(value)
    try:
        _fill(part, data, flags=os.O_CREAT | os.O_EXCL)
    except OSError as error:
        _remove(part)
        if error.errno not in FULL or reserve is None:
            raise
        part = reserve
        refill(part, value)
    return _publish(part, path)


def make_reserve(path: str, size_bytes: int) -> None:
    """Fill a file, so that its room is there when no other is."""
    _fill(path, b" " * size_bytes, flags=os.O_CREAT | os.O_TRUNC)


def refill(path: str, value: Any) -> None:
    """Write a record over what keeps its room; who reads it meanwhile may see neither."""
    _fill(path, _bytes(value).ljust(os.path.getsize(path)), flags=0)


def is_full(error: BaseException) -> bool:
    """Tell whether it was for the disk or the quota."""
    return isinstance(error, OSError) and error.errno in FULL


def _publish(part: str, path: str) -> bool:
    try:
        os.link(part, path, follow_symlinks=False)
    except FileExistsError:
        _remove(part)
        return False
    except OSError:
        # File systems without hard links, and full ones that cannot have another name, still rename.
        if os.path.exists(path):
            return False
        os.rename(part, path)
    else:
        _remove(part)
    _sync_folder(path)
    return True


def _fill(path: str, data: bytes, *, flags: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


def random_name() -> str:
    """Return a name that nobody else has; the modules for it take longer to import than all of a poll."""
    return os.urandom(16).hex()


def _part(path: str) -> str:
    return f"{path}.{random_name()}.part"


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync_folder(path: str) -> None:
    # Not all file systems can; without it a power cut may lose a name, which then counts as no record.
    with contextlib.suppress(OSError):
        fd = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
