"""What is done before a job's command: its code is fetched, its requirements are made."""

import os
from typing import Any, Dict, Optional

from analysis_server.connector.remote import existing_source, git_source, python_environment
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_process import JobProcesses
from analysis_server.connector.remote.setup_process import SetupProcess
from analysis_server.connector.remote.vigil import Vigil


def prepare(
    job: JobFolder, request: Dict[str, Any], vigil: Vigil, processes: JobProcesses, facts: Dict[str, Any]
) -> Optional[str]:
    """Return the folder of the job's own Python, None for the host's; puts into `facts` what became known.

    Raises `Ended` with the reason of the part that failed.
    """
    wanted = request["setup"]
    run = SetupProcess(job, request, vigil, processes)
    if wanted["git"] is not None:
        run.begin("setup_git")
        facts["commit"] = git_source.fetch(job.part("code"), wanted["git"], request["allowed_roots"], run)
    if wanted["existing"] is not None:
        run.begin("setup_existing")
        existing_source.copy(wanted["existing"], job.part("code"), request["allowed_roots"], vigil)
    python = None
    if wanted["requirements"] is not None:
        run.begin("setup_requirements")
        path = os.path.join(job.path, wanted["requirements"])
        python = python_environment.provide(job, path, run, vigil)
    vigil.limit(None, "")
    return python
