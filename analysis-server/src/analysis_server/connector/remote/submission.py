"""Takes a job: once for each name, however often it is asked for."""

import os
from typing import Any, Dict

from analysis_server.connector.remote import claim, launchers, locks, requests
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder

LAUNCH_WAIT_S = 60


def submit(base: str, body: Any) -> Dict[str, Any]:
    """Claim a name and start its supervisor; may be repeated after any failure.

    Answers `submitted` to the one who claimed it, `already` to all others, `buried` if it never will begin.
    """
    request = requests.submission(body)
    job = JobFolder(base, request["name"])
    if is_buried(job):
        return {"state": "buried"}
    job.make()
    is_first = claim.make_claim(job, request)
    ensure_launched(job)
    if is_buried(job):
        return {"state": "buried"}
    return {"state": "submitted" if is_first else "already"}


def is_buried(job: JobFolder) -> bool:
    """Tell whether it was decided that a name never begins."""
    if os.path.exists(job.tomb):
        return True
    return claim.has_begun(job) and claim.read_owner(job).get("by") == "bury"


def ensure_launched(job: JobFolder) -> None:
    """Start a supervisor unless one has begun: the first may have died, or never have been started."""
    request = claim.read_request(job)
    if request is None:
        raise Refused("broken_claim", f"The claim of {job.name} cannot be read.")
    lock = os.path.join(locks.job_locks(job.base), job.name + ".launch")
    with locks.taken(lock, wait_s=LAUNCH_WAIT_S) as is_ours:
        if is_ours and not claim.has_begun(job):
            launchers.launch(job, request)
