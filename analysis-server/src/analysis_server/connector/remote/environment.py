"""The variables of a job, by the names that its authors know."""

import os
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import claim
from analysis_server.connector.remote.folders import JobFolder

# What came with the connection says nothing about the job, and would differ from one attempt to the next.
LEFT_OUT = ("SSH_", "SATELLITE_")


def job_variables(job: JobFolder, request: Dict[str, Any], *, cards: Optional[List[str]]) -> Dict[str, str]:
    """Return what Satellite sets and what was asked for, without secrets; no `cards`: the launcher's."""
    variables = dict(request["env"])
    variables.update(
        JOB_ID=str(request["key"]["job_id"]),
        OUTPUT_DIR=job.part("outputs"),
        LOG_DIR=job.part("logs"),
        DATA_DIR=job.part("data"),
        MODELS_DIR=job.part("models"),
        CHECKPOINT_DIR=job.checkpoints,
        SATELLITE_OUTPUT_DIR=job.part("outputs"),
        SATELLITE_CHECKPOINT_DIR=job.checkpoints,
        SATELLITE_ATTEMPT=str(request["key"]["attempt"]),
    )
    variables.setdefault("PYTHONUNBUFFERED", "1")
    if cards is not None:
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(cards)
    return variables


def inherited() -> Dict[str, str]:
    """Return the account's own variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}


def with_secrets(job: JobFolder, variables: Dict[str, str]) -> Dict[str, str]:
    """Return variables with the job's secrets, for its own process only."""
    found = dict(variables, **claim.read_secrets(job))
    if os.path.isdir(claim.secrets_folder(job)):
        found["SATELLITE_SECRETS_DIR"] = claim.secrets_folder(job)
    return found


def with_python(variables: Dict[str, str], folder: Optional[str]) -> Dict[str, str]:
    """Return variables by which the Python of an environment comes first."""
    if folder is None:
        return variables
    path = variables.get("PATH", os.defpath)
    return dict(variables, VIRTUAL_ENV=folder, PATH=os.path.join(folder, "bin") + os.pathsep + path)
