"""Ends a job: first the record that counts, then what people look at."""

import contextlib
import os
import time
from typing import Any, Callable, Dict, Optional

from analysis_server.connector.remote import claim, inside, manifest, records
from analysis_server.connector.remote.folders import JobFolder

MESSAGE_CHARS_MAX = 2000
TAIL_BYTES = 65536
PROBE_BYTES = 65536


def record_exit(
    job: JobFolder,
    *,
    reason: str,
    message: str = "",
    code: Optional[int] = None,
    signal: Optional[int] = None,
    **facts: Any,
) -> bool:
    """Write the exit record, also on a full disk; False if there is one already."""
    ending = dict(facts, code=code, signal=signal, reason=reason, message=message[:MESSAGE_CHARS_MAX])
    ending["ended_at"] = time.time()
    kept = claim.exit_reserve(job)
    return records.write_once(job.exit, ending, reserve=kept if os.path.exists(kept) else None)


def read_exit(job: JobFolder) -> Optional[Dict[str, Any]]:
    """Return the exit record, None if there is none."""
    ending = records.read(job.exit)
    return ending if isinstance(ending, dict) else None


def succeeded(ending: Dict[str, Any]) -> bool:
    """Tell whether the command did what it should."""
    return bool(ending["reason"] == "exited" and ending["code"] == 0)


def write_markers(job: JobFolder, ending: Dict[str, Any]) -> None:
    """Write SUCCESS or FAILED and `status.txt`, in place of what the job itself may have written."""
    now = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(ending["ended_at"]))
    good = succeeded(ending)
    _replace(job, "outputs/FAILED" if good else "outputs/SUCCESS", None)
    if good:
        _replace(job, "outputs/SUCCESS", f"Job completed successfully at {now}\n")
    else:
        _replace(job, "logs/error.log", _error_text(job, ending))
        _replace(job, "outputs/FAILED", f"Job failed at {now}\n")
    _replace(job, "outputs/status.txt", "success\n" if good else "failed\n")


def clean_up(job: JobFolder, between: Callable[[], None] = lambda: None) -> None:
    """Write the manifest and forget the secrets: what is left to do before the record."""
    manifest.write(job, between)
    claim.forget_secrets(job)


def disk_is_full(job: JobFolder) -> bool:
    """Tell whether the disk or the quota has no room left for a small file."""
    path = os.path.join(job.truth, "probe")
    try:
        records.make_reserve(path, PROBE_BYTES)
    except OSError as error:
        return records.is_full(error)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return False


def _error_text(job: JobFolder, ending: Dict[str, Any]) -> str:
    head = "{}: code {}, signal {}. {}\n".format(
        ending["reason"],
        ending["code"],
        ending["signal"],
        ending["message"],
    )
    return head + "\n" + tail(job, "logs/training.log")


def tail(job: JobFolder, path: str, *, size_bytes: int = TAIL_BYTES) -> str:
    """Return the end of a log."""
    try:
        fd = inside.open_inside(job.path, path, os.O_RDONLY)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        file.seek(max(0, os.fstat(fd).st_size - size_bytes))
        return file.read(size_bytes).decode("utf-8", "replace")


def _replace(job: JobFolder, path: str, content: Optional[str]) -> None:
    folder, _, name = path.rpartition("/")
    with contextlib.suppress(OSError):
        fd = os.open(job.part(folder), inside.FOLDER)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=fd)
            if content is not None:
                file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=fd)
                with os.fdopen(file, "w", encoding="utf-8") as opened:
                    opened.write(content)
        finally:
            os.close(fd)
