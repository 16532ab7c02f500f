"""Ends a job wherever it is: before it began, while it runs, or after its supervisor died."""

import contextlib
import os
import signal
import time
from typing import Any, Dict

from analysis_server.connector.remote import burying, claim, judging, launchers, names, this_host
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_state import Evidence

PAUSE_S = 0.05
WAIT_S_MAX = 60


def cancel(base: str, body: Any) -> Dict[str, Any]:
    """Have a job end, and wait for it up to `wait_s`; may be repeated, also after its end.

    Answers the state: `ended`, `buried` if it had not begun, or another while it still ends.
    """
    body = names.mapping(body, field="The request")
    job = JobFolder(base, body.get("name", ""))
    wait_s = names.number(body.get("wait_s", 0), field="wait_s", least=0, most=WAIT_S_MAX)
    until = time.monotonic() + wait_s
    state = _cancel_once(job)
    while state not in ("ended", "buried") and time.monotonic() < until:
        time.sleep(PAUSE_S)
        state = _look(job)
    return {"state": state}


def _cancel_once(job: JobFolder) -> str:
    state = burying.bury_job(job)
    if state in ("ended", "buried"):
        _tell_launcher(job)
        return state
    os.close(os.open(job.cancel, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    _wake_supervisor(job)
    _tell_launcher(job)
    return _look(job)


def _wake_supervisor(job: JobFolder) -> None:
    """Let the supervisor see at once what it would see within its next look."""
    evidence = Evidence(job)
    if evidence.owner and evidence.is_alive and evidence.is_here:
        owner = evidence.owner
        if this_host.same_process(owner["pid"], owner["start_time"]):
            with contextlib.suppress(OSError):
                os.kill(owner["pid"], signal.SIGTERM)


def _tell_launcher(job: JobFolder) -> None:
    request = claim.read_request(job)
    if request is not None:
        launchers.of(request).cancel(job, request)


def _look(job: JobFolder) -> str:
    evidence = Evidence(job)
    if evidence.state == "orphan":
        return "ended" if judging.judge(evidence) else "orphan"
    return evidence.state
