"""Has the cluster's own `gpu-run` start supervisors: it chooses cards, and prints the number of a process."""

import shutil
import subprocess
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import claim, programs, records, start_script, this_host
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder

PROGRAM = "gpu-run"
ANSWERS_WITHIN_S = 60


def launch(job: JobFolder, request: Dict[str, Any]) -> None:
    """Start a supervisor by it, unless the one that was started may still come."""
    if started(job) is not None:
        return
    program = shutil.which(PROGRAM)
    if program is None:
        raise Refused("launcher", "This host has no gpu-run.")
    command = [program, "--gpus", str(request["gpus"])]
    if request["memory_mib"] is not None:
        command += ["--memory", f"{request['memory_mib']}M"]
    number = _run([*command, start_script.write(job, "start.sh")])
    began = this_host.start_time(number)
    records.write(job.launched, {"pid": number, "start_time": began, "boot_id": this_host.boot_id()})


def started(job: JobFolder) -> Optional[int]:
    """Return the number of the process that waits for cards or runs; None if there is none any more."""
    launched = records.read(job.launched) or {}
    if launched.get("boot_id") != this_host.boot_id() or launched["start_time"] is None:
        return None
    alive = this_host.same_process(launched["pid"], launched["start_time"])
    return int(launched["pid"]) if alive else None


def cancel(job: JobFolder, request: Dict[str, Any]) -> None:
    """Do nothing: what has begun was told, and what begins later finds that it must not."""


def add_state(found: Dict[str, Any], evidence: Any, request: Any, slurm: Any) -> None:  # noqa: ARG001
    """Tell that a job waits for cards as long as the process is there that the cluster started for it."""
    if not claim.has_begun(evidence.job):
        number = started(evidence.job)
        if number is not None:
            found.update(state="waiting", launcher_state=str(number))


def _run(command: List[str]) -> int:
    try:
        done = programs.run(command, within_s=ANSWERS_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused("launcher", f"gpu-run does not answer: {error}") from error
    words = done.stdout.split()
    if done.returncode != 0 or not words or not words[-1].isdigit():
        raise Refused("launcher", f"gpu-run exited with {done.returncode}: {programs.complaint(done)}")
    return int(words[-1])
