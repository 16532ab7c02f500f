"""Has Slurm start supervisors; jobs are found again by name, and of two with one name only one begins."""

import contextlib
import os
import time
from typing import Any, Dict, List

from analysis_server.connector.remote import claim, records, slurm_judging, slurm_queue, start_script
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.requests import SLURM_OPTIONS
from analysis_server.connector.remote.slurm_queue import Queue, SlurmDoesNotAnswer, ask

# Slurm ends what the supervisor could not: it shall come second.
MARGIN_S = 120


def launch(job: JobFolder, request: Dict[str, Any]) -> None:
    """Submit a batch job that supervises, unless Slurm has one of that name."""
    try:
        if any(found.is_active for found in Queue().find(job_name(job, request))):
            return
        lines = ask(["sbatch", *options(job, request), start_script.write(job, "batch.sh")])
    except SlurmDoesNotAnswer as error:
        raise Refused("launcher", str(error)) from error
    records.write(job.launched, {"slurm_job_id": lines[-1].split(";")[0], "at": time.time()})


def job_name(job: JobFolder, request: Dict[str, Any]) -> str:
    """Return what a job is called in Slurm."""
    return f"{slurm_queue.PREFIX}{request['launcher']['stack']}-{job.name}"


def options(job: JobFolder, request: Dict[str, Any]) -> List[str]:
    """Return the options of `sbatch`, each of which is one argument."""
    found = ["--parsable", "--no-requeue", f"--job-name={job_name(job, request)}", f"--chdir={job.path}"]
    found += [
        f"--output={os.path.join(job.truth, 'slurm.log')}",
        "--open-mode=append",
        "--nodes=1",
        "--ntasks=1",
    ]
    if request["cpus"] is not None:
        found.append(f"--cpus-per-task={request['cpus']}")
    if request["memory_mib"] is not None:
        found.append(f"--mem={request['memory_mib']}M")
    if request["time_limit_s"] is not None:
        found.append(f"--time={-(-whole_time_s(request) // 60)}")
    given = {name: request["launcher"][name] for name in SLURM_OPTIONS if name in request["launcher"]}
    if request["gpus"] and "gres" not in given:
        given["gres"] = f"gpu:{request['gpus']}"
    return found + [f"--{name}={value}" for name, value in sorted(given.items())]


def whole_time_s(request: Dict[str, Any]) -> int:
    """Return how long a job may take with all that comes before its command, and for its end."""
    setup = request["setup"]
    parts = sum(1 for part in ("git", "existing", "requirements") if setup[part] is not None)
    return int(request["time_limit_s"] + request["kill_grace_s"] + parts * setup["limit_s"] + MARGIN_S)


def cancel(job: JobFolder, request: Dict[str, Any]) -> None:
    """Take a job out of the queue, or have Slurm tell its supervisor, and end it if that does not help."""
    name = job_name(job, request)
    with contextlib.suppress(SlurmDoesNotAnswer):
        if not claim.has_begun(job) or claim.read_owner(job).get("by") != "supervisor":
            ask(["scancel", "-u", slurm_queue.user(), "--name", name])
        elif not os.path.exists(job.exit):
            overdue = time.time() - os.stat(job.cancel).st_mtime > request["kill_grace_s"] + MARGIN_S
            signal = [] if overdue else ["--signal=TERM", "--batch"]
            ask(["scancel", *signal, "-u", slurm_queue.user(), "--name", name])


def add_state(found: Dict[str, Any], evidence: Any, request: Dict[str, Any], slurm: Queue) -> None:
    """Add what Slurm says, and judge by it a job of which nobody else can tell."""
    try:
        jobs = slurm.find(job_name(evidence.job, request))
    except SlurmDoesNotAnswer as error:
        found["message"] = str(error)
        return
    chosen = slurm_judging.relevant(jobs, evidence.owner or {})
    if chosen is not None:
        found.update(launcher_state=chosen.state, node=chosen.node or None, message=chosen.reason)
    if evidence.exit is not None:
        return
    if evidence.owner is None:
        if chosen is not None and chosen.is_active:
            found["state"] = "waiting"
    elif evidence.owner.get("by") == "supervisor":
        slurm_judging.judge(found, evidence, chosen)
