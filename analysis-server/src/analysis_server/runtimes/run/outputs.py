"""What a run has written for its job, taken out of the run's folder once it has ended."""

from __future__ import annotations

import os
import shutil
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from analysis_server.runtimes.port import CollectedOutput, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run.output_entries import OutputEntry, OutputUnfit, output_entries
from analysis_server.runtimes.run.output_watch import has_too_much, too_much
from satellite.contracts.attempt_files import RESULT_NAME, is_artifact_name
from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.contracts.outcome import ErrorKind, JobError

OUTPUTS: Final = "outputs"
"""Of a run's folder: what its plugin writes for its job."""
COPY_BYTES: Final = 1024 * 1024
PREVIEW_BYTES: Final = 1_000
NAME_TAKEN: Final = (
    f"The result is larger than {JSON_BYTES_MAX} bytes, so it would be the artifact {RESULT_NAME}; but the "
    "plugin has written a file of that name itself."
)
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# As the kernel keeps it: version 2, then kind, rights and user of each entry. The kinds are owner, a named
# user, group, mask and others.
_ACL: Final = "system.posix_acl_default"
_OWNER, _NAMED, _GROUP, _MASK, _OTHERS, _ALL, _NOBODY = 1, 2, 4, 16, 32, 7, 0xFFFFFFFF


def make_outputs_folder(folder: Path, *, user: int | None, name: str = OUTPUTS) -> Path:
    """Make a place of output in the folder of a run; for `user`, or for whoever the plugin will be."""
    place = folder / name
    place.mkdir()
    if user is not None:
        os.chown(place, user, user)
    # Nobody else gets as far: the folder of the worker above is closed.
    place.chmod(0o700 if user is not None else 0o777)
    if os.geteuid() != 0:
        with suppress(OSError):
            os.setxattr(place, _ACL, _open_to(os.geteuid()))
    return place


def take_outputs(request: RunRequest, result: RunResult, folder: Path | None) -> RunResult:
    """Return the result of a run that has ended with the files that it has written, or why they are unfit."""
    if request.collect_into is None or result.status is not RunStatus.COMPLETED:
        return result
    target = Path(request.collect_into)
    try:
        if folder is not None:
            if has_too_much(folder, request):
                return _unfit(result, too_much(request))
            result = replace(result, outputs=tuple(_collect(folder, target)))
    except OutputUnfit as error:
        return _unfit(result, str(error))
    return with_large_result_apart(result, target)


def with_large_result_apart(result: RunResult, target: Path) -> RunResult:
    """Put a result that is too large for an answer among the outputs."""
    text = result.result_json or b""
    if len(text) <= JSON_BYTES_MAX:
        return result
    if any(output.name == RESULT_NAME for output in result.outputs):
        return _unfit(result, NAME_TAKEN)
    place = target / RESULT_NAME
    place.write_bytes(text)
    output = CollectedOutput(name=RESULT_NAME, path=str(place), size_bytes=len(text))
    preview = text[:PREVIEW_BYTES].decode(errors="ignore")
    return replace(result, result_json=None, result_preview=preview, outputs=(*result.outputs, output))


def _unfit(result: RunResult, message: str) -> RunResult:
    error = JobError(kind=ErrorKind.OUTPUT, message=message)
    return replace(result, status=RunStatus.FAILED, result_json=None, outputs=(), error=error)


def _collect(folder: Path, target: Path) -> Iterator[CollectedOutput]:
    """Move the files to a folder of ours, each under a number, and tell what they are called.

    Raises:
        OutputUnfit: there is something among them that is not taken.
    """
    for number, entry in enumerate(output_entries(folder, has_ended=True)):
        _require_fit(entry)
        if stat.S_ISREG(entry.found.st_mode):
            yield _move(entry, target / str(number))


def _require_fit(entry: OutputEntry) -> None:
    mode = entry.found.st_mode
    for is_kind, words in _KINDS:
        if is_kind(mode):
            raise OutputUnfit(entry.name, f"{words}: only files and folders are taken")
    if stat.S_ISREG(mode) and entry.found.st_nlink != 1:
        raise OutputUnfit(entry.name, "a file of several names (hard links): each may have one")
    if not is_artifact_name(entry.name):
        raise OutputUnfit(
            entry.name, "a name that is too long, not UTF-8, or has control characters or backslashes"
        )


def _move(entry: OutputEntry, place: Path) -> CollectedOutput:
    try:
        source = os.open(entry.leaf, _FILE, dir_fd=entry.parent)
    except OSError as error:
        raise OutputUnfit(entry.name, f"which cannot be read ({error.strerror})") from error
    with open(source, "rb") as file:  # noqa: PTH123 - of a descriptor.
        found = os.fstat(source)
        if not os.path.samestat(found, entry.found):
            raise OutputUnfit(entry.name, "which was exchanged while it was taken")
        try:
            os.rename(entry.leaf, place, src_dir_fd=entry.parent)
        except OSError:
            # Another file system, or a folder in which only the plugin's user may change something.
            with place.open("xb") as copy:
                shutil.copyfileobj(file, copy, COPY_BYTES)
    return CollectedOutput(name=entry.name, path=str(place), size_bytes=found.st_size)


def _open_to(user: int) -> bytes:
    """Return the rule by which what a plugin makes in a folder can be read and removed by another user.

    A worker that is not root could not remove what lies in folders of the plugin's user.
    """
    entries = [(_OWNER, _NOBODY), (_NAMED, user), (_GROUP, _NOBODY), (_MASK, _NOBODY), (_OTHERS, _NOBODY)]
    rights = {_OTHERS: 0}
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", kind, rights.get(kind, _ALL), whom) for kind, whom in entries
    )
