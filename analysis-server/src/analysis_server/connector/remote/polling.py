"""Tells of many jobs at once: one look at each, one answer."""

import base64
import contextlib
import os
import time
from typing import Any, Dict, Iterable, List, Optional

from analysis_server.connector.remote import (
    claim,
    facts,
    inside,
    judging,
    launchers,
    manifest,
    names,
    progress,
    slurm_queue,
    this_host,
)
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_state import Evidence

JOBS_MAX = 10000
LOG_BYTES_MAX = 1 << 20
LOG_BYTES_TOTAL_MAX = 16 << 20
# Where all supervisors were killed at once, the answer shall not take long: the next poll judges the rest.
JUDGING_S = 2.0
LOG = "logs/training.log"


def poll(base: str, body: Any) -> Dict[str, Any]:
    """Return what all named jobs are at, with what their logs have beyond an offset each."""
    body = names.mapping(body, field="The request")
    wanted = wanted_jobs(base, body)
    answer = heading()
    answer["jobs"] = report(wanted, log_bytes_max=log_bytes_max(body))
    if body.get("facts"):
        answer["facts"] = facts.changing(base)
    return answer


def heading() -> Dict[str, Any]:
    """Return what every answer about jobs begins with."""
    return {"boot_id": this_host.boot_id(), "host": this_host.host_name(), "now": time.time()}


def log_bytes_max(body: Dict[str, Any]) -> int:
    """Return how much of each log may come at once."""
    value = body.get("log_bytes_max")
    return 65536 if value is None else names.number(value, field="log_bytes_max", least=0, most=LOG_BYTES_MAX)


class Wanted:
    """A job that is asked about."""

    def __init__(self, job: JobFolder, asked: Dict[str, Any]) -> None:
        """Take its folder and what the asker knows already."""
        self.job = job
        self.state = asked.get("state")
        self.log_offset = names.number(asked.get("log_offset", 0), field="log_offset", least=0, most=1 << 62)


def wanted_jobs(base: str, body: Dict[str, Any]) -> List[Wanted]:
    """Return the jobs that a request asks about."""
    jobs = names.mapping(body.get("jobs"), field="jobs")
    if len(jobs) > JOBS_MAX:
        names.listing(list(jobs), field="jobs", items_max=JOBS_MAX)
    return [
        Wanted(JobFolder(base, name), names.mapping(asked, field="jobs"))
        for name, asked in sorted(jobs.items())
    ]


def report(wanted: Iterable[Wanted], *, log_bytes_max: int) -> Dict[str, Any]:
    """Return a report of each job; one that cannot be told of harms no other."""
    left = LOG_BYTES_TOTAL_MAX
    reports: Dict[str, Any] = {}
    slurm = slurm_queue.Queue()
    judging_until = time.monotonic() + JUDGING_S
    for asked in wanted:
        try:
            may_judge = time.monotonic() < judging_until
            found = _report(asked, log_bytes=min(left, log_bytes_max), slurm=slurm, may_judge=may_judge)
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = {"state": "unknown", "message": repr(error)}
        left -= len(found.get("log", "")) * 3 // 4
        reports[asked.job.name] = found
    return reports


def _report(asked: Wanted, *, log_bytes: int, slurm: Any, may_judge: bool) -> Dict[str, Any]:
    evidence = Evidence(asked.job)
    state = evidence.state
    if state == "orphan" and may_judge:
        evidence.exit = judging.judge(evidence) or None
        state = "ended" if evidence.exit else "orphan"
    found: Dict[str, Any] = {"state": state}
    _add_launcher(found, evidence, slurm)
    if evidence.owner:
        _add_progress(found, evidence)
    if evidence.exit is not None and found["state"] == "ended":
        found["exit"] = dict(evidence.exit, outputs=manifest.read(asked.job))
    found.update(read_log(asked.job, asked.log_offset, log_bytes))
    return found


def _add_launcher(found: Dict[str, Any], evidence: Evidence, slurm: Any) -> None:
    """Ask who started the job what became of it, where only they know."""
    if found["state"] == "claimed" or evidence.is_slurm:
        request = claim.read_request(evidence.job)
        if request is not None:
            launchers.of(request).add_state(found, evidence, request, slurm)


def _add_progress(found: Dict[str, Any], evidence: Evidence) -> None:
    phase, beat = evidence.phase, progress.read_beat(evidence.job)
    found["phase_since"] = phase.get("phase_since")
    found["began_at"] = phase.get("began_at")
    found["gpus"] = phase.get("gpus", [])
    found["commit"] = phase.get("commit")
    found["beat"] = beat.get("beat", 0)
    found["usage"] = beat.get("usage", {})


def log_size(job: JobFolder) -> int:
    """Return how long a job's log is."""
    with contextlib.suppress(OSError):
        return os.lstat(job.part(LOG)).st_size
    return 0


def read_log(job: JobFolder, offset: int, size_bytes: int) -> Dict[str, Any]:
    """Return what a log has beyond an offset, which may be anywhere in a character."""
    fd: Optional[int] = None
    try:
        fd = inside.open_inside(job.path, LOG, os.O_RDONLY | os.O_NONBLOCK)
        size = os.fstat(fd).st_size
        chunk = os.pread(fd, size_bytes, offset) if size > offset and size_bytes else b""
    except OSError:
        return {"log": "", "log_size": 0}
    finally:
        if fd is not None:
            os.close(fd)
    return {"log": base64.b64encode(chunk).decode("ascii"), "log_size": size}
