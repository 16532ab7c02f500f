"""Code that came as one archive, unpacked: plain files, folders and links that stay inside."""

import contextlib
import os
import shutil
import tarfile
from typing import Any, Dict, Iterator

from analysis_server.connector.remote import names
from analysis_server.connector.remote.cache import SIZE_MAX, Cache, digest_of, disk_fault
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.placing import path_in

ENTRIES_MAX = 200000
PARTS_MAX = 64
UNPACKED_BYTES_MAX = 16 << 30
"""Archives that people bring may be compressed, and much larger than they look."""


def unpack(base: str, body: Any) -> Dict[str, Any]:
    """Unpack a cached archive into a folder of a job, which is emptied before; may be repeated."""
    body = names.mapping(body, field="The request")
    job = JobFolder(base, names.folder_name(body.get("name")))
    job.make()
    cache, digest = Cache(base), digest_of(body.get("sha256"))
    if not cache.has(digest, names.number(body.get("size"), field="size", least=0, most=SIZE_MAX)):
        return {"missing": [digest]}
    cache.touch(digest)
    into = path_in(job, body.get("into"))
    try:
        _empty(into)
        with tarfile.open(cache.file(digest), mode="r:*") as archive:
            for member in _plain(archive):
                _extract(archive, member, into)
    except Refused:
        raise
    except Exception as error:  # each kind of compression has its own errors, and may not be there at all
        if isinstance(error, OSError) and error.errno is not None:
            raise disk_fault(error) from error
        raise Refused("archive", "The archive of the code cannot be read: %s" % error) from error
    return {"missing": []}


def _plain(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    size = 0
    for count, member in enumerate(archive):
        size += member.size
        if size > UNPACKED_BYTES_MAX:
            raise Refused("archive", "The archive has more than %d bytes." % UNPACKED_BYTES_MAX)
        if count >= ENTRIES_MAX:
            raise Refused("archive", "The archive has more than %d entries." % ENTRIES_MAX)
        if not (member.isreg() or member.isdir() or member.issym()):
            raise Refused("archive", "%s is no plain file, folder or link." % names.shown(member.name))
        parts = member.name.split("/")
        if member.name.startswith("/") or ".." in parts or len(parts) > PARTS_MAX:
            raise Refused("archive", "%s leads out of the archive." % names.shown(member.name))
        if member.issym() and not _stays_inside(member):
            raise Refused("archive", "The link %s leads out of the archive." % names.shown(member.name))
        yield member


def _stays_inside(link: tarfile.TarInfo) -> bool:
    if os.path.isabs(link.linkname):
        return False
    target = os.path.normpath(os.path.join(os.path.dirname(link.name), link.linkname))
    return target != ".." and not target.startswith("../")


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, into: str) -> None:
    path = os.path.join(into, member.name)
    parent = os.path.dirname(path)
    os.makedirs(parent, exist_ok=True)
    # A link of this archive could be taken for a folder by a later entry.
    if os.path.realpath(parent) != os.path.join(os.path.realpath(into), os.path.dirname(member.name)).rstrip(
        "/"
    ):
        raise Refused("archive", "%s goes through a link." % names.shown(member.name))
    if member.isdir():
        os.makedirs(path, exist_ok=True)
    elif member.issym():
        os.symlink(member.linkname, path)
    else:
        _write(archive, member, path)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    mode = 0o755 if member.mode & 0o100 else 0o644
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    source = archive.extractfile(member)
    with os.fdopen(fd, "wb") as target:
        if source is not None:
            shutil.copyfileobj(source, target, 1 << 20)
    os.utime(path, (member.mtime, member.mtime))


def _empty(folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)
