"""Decides that a name never begins."""

import os
from typing import Any, Dict

from analysis_server.connector.remote import claim, names, records
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_state import Evidence


def bury(base: str, body: Any) -> Dict[str, Any]:
    """Let a name never begin, also one that nobody has claimed yet; may be repeated.

    Answers the state: `buried`, or that of a job which had begun before.
    """
    return {"state": bury_job(JobFolder(base, names.mapping(body, field="The request").get("name", "")))}


def bury_job(job: JobFolder) -> str:
    """Do so and return the state."""
    try:
        if not claim.has_begun(job) and not os.path.exists(job.tomb):
            job.make()
            claim.begin(job, by="bury")
    except OSError as error:
        if not records.is_full(error):
            raise
        raise Refused("disk", f"The disk or the quota of {job.base} is full.") from error
    state = Evidence(job).state
    if state == "buried":
        claim.forget_secrets(job)
    return state
