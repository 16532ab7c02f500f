"""Starts supervisors on this host, as processes that nobody waits for."""

import os
import subprocess
import sys
from typing import Any, Dict, List

from analysis_server.connector.remote.folders import JobFolder

STARTED_WITHIN_S = 60


def launch(job: JobFolder, request: Dict[str, Any]) -> None:  # noqa: ARG001
    """Start a supervisor and return when it has begun, or found that another has."""
    log = os.path.join(job.truth, "supervisor.log")
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        process = subprocess.Popen(
            supervisor_command(job),
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(fd)
    process.wait(timeout=STARTED_WITHIN_S)


def supervisor_command(job: JobFolder, *options: str) -> List[str]:
    """Return the command by which this very file supervises a job."""
    program = os.path.abspath(sys.argv[0])
    # Isolated, since what the account has put before the standard library is not meant for us.
    return [sys.executable, "-I", "-S", program, "--base", job.base, "supervise", *options, job.name]


def cancel(job: JobFolder, request: Dict[str, Any]) -> None:
    """Do nothing: the supervisor itself was told."""


def add_state(found: Dict[str, Any], evidence: Any, request: Dict[str, Any], slurm: Any) -> None:
    """Add nothing: records and locks say all."""
