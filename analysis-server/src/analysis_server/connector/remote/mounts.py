"""On what kind of file system a folder lies."""

import os

NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "afs",
    "gluster",
    "panfs",
    "weka",
    "fuse",
    "9p",
)


def is_local(path: str) -> bool:
    """Tell whether a folder is of this host alone, where locks are the kernel's own."""
    real = os.path.realpath(path)
    return not _kind_of(real).startswith(NETWORK)


def _kind_of(path: str) -> str:
    """Return the kind of the mount that a path lies on; of two on one point the later one counts."""
    longest, kind = "", ""
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape") as file:
            for line in file:
                before, _, after = line.partition(" - ")
                point = before.split(" ")[4]
                if _holds(point, path) and len(point) >= len(longest):
                    longest, kind = point, after.split(" ")[0]
    except (OSError, IndexError):
        return ""
    return kind


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")
