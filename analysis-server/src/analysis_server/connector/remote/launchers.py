"""Who starts a job's supervisor: this host itself, the cluster's own `gpu-run`, or Slurm."""

import importlib
from typing import Any, Dict

from analysis_server.connector.remote.folders import JobFolder

MODULES = {"builtin": "builtin_launcher", "gpu-run": "gpu_run_launcher", "slurm": "slurm_launcher"}


def launch(job: JobFolder, request: Dict[str, Any]) -> None:
    """Have a supervisor started; a second one that comes of it finds that the job has begun, and ends."""
    of(request).launch(job, request)


def of(request: Dict[str, Any]) -> Any:
    """Return the launcher of a job: a module with `launch`, `cancel` and `add_state`."""
    name = MODULES[request["launcher"]["kind"]]
    return importlib.import_module("analysis_server.connector.remote." + name)
