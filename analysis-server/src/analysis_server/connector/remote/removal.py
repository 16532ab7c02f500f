"""Removes jobs that have ended: folders with a claim of ours only, and no link is followed."""

import os
import shutil
import stat
from typing import Any, Callable, Dict

from analysis_server.connector.remote import names, records
from analysis_server.connector.remote.folders import JobFolder, private
from analysis_server.connector.remote.job_state import Evidence

NAMES_MAX = 10000
REMOVABLE = ("ended", "buried")


def remove(base: str, body: Any) -> Dict[str, Any]:
    """Remove jobs and answer for each `removed`, `absent`, or the state for which it stays; may be repeated.

    A removed name never begins again: a mark of it stays. With `checkpoints` those of the job go too.
    """
    body = names.mapping(body, field="The request")
    wanted = [
        JobFolder(base, name) for name in names.listing(body.get("names"), field="names", items_max=NAMES_MAX)
    ]
    return {
        "jobs": {job.name: _remove(job, with_checkpoints=bool(body.get("checkpoints"))) for job in wanted}
    }


def _remove(job: JobFolder, *, with_checkpoints: bool) -> str:
    try:
        result = _remove_folder(job)
        if with_checkpoints and result in ("removed", "absent"):
            _delete(job.base, job.checkpoints)
    except OSError as error:
        return f"failed: {error}"
    return result


def _remove_folder(job: JobFolder) -> str:
    if not os.path.lexists(job.path):
        return "absent"
    # A link in the place of a folder is not what we made.
    if os.path.islink(job.path) or os.path.islink(job.truth):
        return "foreign"
    state = Evidence(job).state
    if not os.path.isdir(job.claim) and state != "buried":
        return "foreign"
    if state not in REMOVABLE:
        return state
    private(os.path.dirname(job.tomb))
    os.close(os.open(job.tomb, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    _delete(job.base, job.path)
    return "removed"


def _delete(base: str, path: str) -> None:
    """Take a folder out of its place in one step, then delete it; what a crash leaves goes later."""
    trash = private(os.path.join(base, ".satellite", "trash"))
    if os.path.lexists(path):
        os.rename(path, os.path.join(trash, records.random_name()))
    for name in os.listdir(trash):
        below = os.path.join(trash, name)
        if os.path.islink(below):
            os.unlink(below)
        else:
            shutil.rmtree(below, onerror=_open_up)


def _open_up(function: Callable[..., Any], path: str, _: Any) -> None:
    """Delete what stands in a folder that its job made read-only."""
    if os.path.lexists(path):
        parent = os.path.dirname(path)
        os.chmod(parent, os.lstat(parent).st_mode | stat.S_IRWXU)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, stat.S_IRWXU)
            shutil.rmtree(path, ignore_errors=True)
        else:
            function(path)
