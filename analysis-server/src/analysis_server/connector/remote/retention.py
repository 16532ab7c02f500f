"""Removes jobs by their age: those whose outputs were collected, or that never began."""

import os
import time
from typing import Any, Dict, Iterator, List

from analysis_server.connector.remote import claim, names, removal
from analysis_server.connector.remote.errors import BadRequest, Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_state import Evidence

REMOVED_MAX = 1000
"""In one request: what is left is found by the next."""


def collected(base: str, body: Any) -> Dict[str, Any]:
    """Note that nothing of a job is needed any more; from then on its age counts. May be repeated."""
    body = names.mapping(body, field="The request")
    job = JobFolder(base, names.text(body.get("name"), field="name"))
    if not os.path.isdir(job.truth):
        return {"state": "absent"}
    mark = _mark(job)
    if not os.path.exists(mark):
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return {"state": "collected"}


def sweep(base: str, body: Any) -> Dict[str, Any]:
    """Remove what was collected, or buried, so many seconds ago; answers with the keys of what was."""
    body = names.mapping(body, field="The request")
    older_than_s = body.get("older_than_s")
    if isinstance(older_than_s, bool) or not isinstance(older_than_s, (int, float)) or older_than_s < 0:
        raise BadRequest("older_than_s must be a number of seconds.")
    before = time.time() - older_than_s
    removed: List[Any] = []
    for job in _jobs(base):
        if len(removed) >= REMOVED_MAX:
            break
        if _is_over(job, before):
            request = claim.read_request(job)
            if removal.remove(base, {"names": [job.name]})["jobs"][job.name] == "removed" and request:
                removed.append(request["key"])
    return {"removed": removed}


def _jobs(base: str) -> Iterator[JobFolder]:
    for name in sorted(os.listdir(base)):
        try:
            yield JobFolder(base, name)
        except Refused:
            # Not a folder of ours, or one that all jobs share.
            continue


def _is_over(job: JobFolder, before: float) -> bool:
    try:
        return os.stat(_mark(job)).st_mtime < before
    except OSError:
        pass
    try:
        return os.stat(job.path).st_mtime < before and Evidence(job).state == "buried"
    except OSError:
        return False


def _mark(job: JobFolder) -> str:
    return os.path.join(job.truth, "collected")
