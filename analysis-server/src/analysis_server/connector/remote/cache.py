"""Files by their SHA-256: what a job needs is sent once, and what is half there goes on from there."""

import contextlib
import errno
import os
import re
import stat
import time
from typing import Any, Dict, List, Tuple

from analysis_server.connector.remote import names
from analysis_server.connector.remote.errors import BadRequest, Refused
from analysis_server.connector.remote.folders import OURS, private

DIGEST_PATTERN = re.compile(r"[0-9a-f]{64}")
VERIFIED_AT_S = 946684800
"""The time of change of a verified file, the first second of 2000: whoever writes to it changes that."""
FILES_MAX = 100000
SIZE_MAX = 1 << 50


class Cache:
    """The cached files below one base folder, and the parts of those that are on their way."""

    def __init__(self, base: str) -> None:
        """Make its folder if it is not there."""
        private(os.path.join(base, OURS))
        self.folder = os.path.join(base, OURS, "cache", "sha256")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)

    def file(self, digest: str) -> str:
        """Return where a verified file lies."""
        return os.path.join(self.folder, digest)

    def part(self, digest: str) -> str:
        """Return where a file lies of which not all has come."""
        return self.file(digest) + ".part"

    def ranges_file(self, digest: str) -> str:
        """Return where it is noted what of a part has come: lines of an offset and a length."""
        return self.file(digest) + ".ranges"

    def has(self, digest: str, size: int) -> bool:
        """Tell whether a file is there as it was verified."""
        try:
            found = os.lstat(self.file(digest))
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and (found.st_size, found.st_mtime) == (size, VERIFIED_AT_S)

    def touch(self, digest: str) -> None:
        """Note that a file was needed now."""
        with contextlib.suppress(OSError):
            os.utime(self.file(digest), (now_s(), VERIFIED_AT_S))

    def ranges(self, digest: str) -> List[Tuple[int, int]]:
        """Return the offsets and lengths of what has come of a part, as they were noted."""
        if not os.path.exists(self.part(digest)):
            return []
        try:
            with open(self.ranges_file(digest), "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return []
        # The last one is empty, or was cut off.
        return [_range(line) for line in lines[:-1] if line.count(b" ") == 1]

    def keep(self, digest: str, source: str) -> None:
        """Take a verified file from a path in the folder, and forget what was on its way."""
        os.chmod(source, 0o444)
        os.utime(source, (now_s(), VERIFIED_AT_S))
        os.rename(source, self.file(digest))
        self.drop_part(digest)

    def drop_part(self, digest: str) -> None:
        """Forget what was on its way."""
        for path in (self.ranges_file(digest), self.part(digest)):
            with contextlib.suppress(OSError):
                os.unlink(path)


def digest_of(value: Any) -> str:
    """Return a SHA-256 as 64 digits."""
    if not isinstance(value, str) or not DIGEST_PATTERN.fullmatch(value):
        raise BadRequest("A SHA-256 is 64 digits of 0-9a-f, not %s." % names.shown(value))
    return value


def sizes_of(value: Any) -> Dict[str, int]:
    """Return an object of digests and sizes."""
    given = names.mapping(value, field="files")
    if len(given) > FILES_MAX:
        raise BadRequest("files has more than %d files." % FILES_MAX)
    return {
        digest_of(digest): names.number(size, field="size", least=0, most=SIZE_MAX)
        for digest, size in given.items()
    }


def disk_fault(error: OSError) -> Refused:
    """Return how it is told that a file cannot be kept."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return Refused("disk" if full else "file", "%s: %s" % (error.strerror, error.filename or "the cache"))


def now_s() -> float:
    """Return the time of the host's clock."""
    return time.time()


def _range(line: bytes) -> Tuple[int, int]:
    try:
        offset, length = line.split(b" ")
        return int(offset), int(length)
    except ValueError:
        return 0, 0
