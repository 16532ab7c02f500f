"""Files of jobs on their way back: which there are, and their bytes from any offset."""

import json
import os
import stat
from typing import Any, Dict, Tuple

from analysis_server.connector.remote import manifest, names
from analysis_server.connector.remote.errors import BadRequest, Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.input_stream import InputStream

PIECE_BYTES = 1 << 20
SHOWN = ("outputs", "logs")
LENGTH_MAX = 1 << 50


def list_outputs(base: str, body: Any) -> Dict[str, Any]:
    """Return the files below `outputs`, each with its path, size and SHA-256, as they are now.

    With `paths` only those.
    """
    body = names.mapping(body, field="The request")
    job = JobFolder(base, names.folder_name(body.get("name")))
    paths = body.get("paths")
    if paths is not None:
        paths = frozenset(names.listing(paths, field="paths", items_max=manifest.FILES_MAX))
    return {"files": manifest.make(job.part("outputs"), only=paths)}


def get(base: str, _arguments: Any) -> None:
    """Answer each line of standard input, `{"name", "path", "offset", "length"}`, until it ends.

    An answer is a line `{"size", "length"}`, and as many bytes: fewer than were asked for of a shorter file.
    """
    stream = InputStream(0)
    while True:
        line = stream.line()
        if not line:
            return
        try:
            asked = json.loads(line.decode("utf-8"))
        except ValueError as error:
            raise BadRequest("A request for bytes is one line of JSON.") from error
        _answer(base, names.mapping(asked, field="The request"))


def _answer(base: str, asked: Dict[str, Any]) -> None:
    offset = names.number(asked.get("offset"), field="offset", least=0, most=LENGTH_MAX)
    length = names.number(asked.get("length"), field="length", least=0, most=LENGTH_MAX)
    fd, size = _open(base, asked)
    try:
        length = max(0, min(length, size - offset))
        _say(json.dumps({"size": size, "length": length}).encode("ascii") + b"\n")
        while length:
            piece = os.pread(fd, min(length, PIECE_BYTES), offset)
            if not piece:
                # It was announced and is not there any more: only the end of the stream can say so.
                raise OSError("%s has become shorter" % asked.get("path"))
            _say(piece)
            offset, length = offset + len(piece), length - len(piece)
    finally:
        os.close(fd)


def _open(base: str, asked: Dict[str, Any]) -> Tuple[int, int]:
    job = JobFolder(base, names.folder_name(asked.get("name")))
    path = asked.get("path")
    parts = path.split("/") if isinstance(path, str) else []
    if len(parts) < 2 or parts[0] not in SHOWN or not all(part not in ("", ".", "..") for part in parts):
        raise BadRequest("Files below %s can be read, not %s." % (" and ".join(SHOWN), names.shown(path)))
    folder = os.open(job.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            # By descriptors, none of which follows a link: a job may change its folder meanwhile.
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(parts[-1], flags, dir_fd=folder)
    except OSError as error:
        raise Refused("file", "%s: %s" % (names.shown(path), error.strerror)) from error
    finally:
        os.close(folder)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise Refused("file", "%s is no plain file." % names.shown(path))
    return fd, found.st_size


def _say(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
