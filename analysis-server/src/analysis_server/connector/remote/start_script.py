"""The script by which others start a supervisor: it holds nothing but paths of ours, each of them quoted."""

import contextlib
import os
import shlex

from analysis_server.connector.remote import builtin_launcher
from analysis_server.connector.remote.folders import JobFolder


def write(job: JobFolder, name: str) -> str:
    """Write it and return its path; what a submission before has written is replaced in one step."""
    path = os.path.join(job.truth, name)
    part = f"{path}.{os.getpid()}.part"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
    with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text(job))
    os.rename(part, path)
    return path


def text(job: JobFolder) -> str:
    """Return the script."""
    command = " ".join(map(shlex.quote, builtin_launcher.supervisor_command(job, "--foreground")))
    log = shlex.quote(os.path.join(job.truth, "supervisor.log"))
    return f"#!/bin/sh\nexec {command} </dev/null >>{log} 2>&1\n"
