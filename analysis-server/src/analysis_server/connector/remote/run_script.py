"""Writes `run.sh`, by which people see what ran and run it again; nothing of ours executes it."""

import contextlib
import os
import shlex
from typing import Any, Dict

from analysis_server.connector.remote.folders import JobFolder

HEAD = """#!/bin/bash
# Written by Satellite, for people: what ran, to be run again by hand.
# Job %(job_id)s, attempt %(attempt)s, cards: %(gpus)s
"""


def write(job: JobFolder, request: Dict[str, Any], variables: Dict[str, str], folder: str) -> None:
    """Write the script; secrets are named in it and never written into it."""
    with contextlib.suppress(OSError):
        path = job.part("run.sh")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text(job, request, variables, folder))


def text(job: JobFolder, request: Dict[str, Any], variables: Dict[str, str], folder: str) -> str:
    """Return the script, in which each value is quoted."""
    lines = [HEAD % dict(request["key"], gpus=request["gpus"])]
    if request["secret_names"]:
        lines.append("# Set these yourself, they are secrets: {}\n".format(" ".join(request["secret_names"])))
    lines.extend(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    lines.append(f"\ncd -- {shlex.quote(folder)} || exit 1\n")
    lines.append(
        "exec {}{}\n".format(
            " ".join(shlex.quote(part) for part in request["command"]), _streams(job, request)
        )
    )
    return "".join(lines)


def _streams(job: JobFolder, request: Dict[str, Any]) -> str:
    streams = ""
    if request["stdin_path"] is not None:
        streams += " < " + shlex.quote(job.part(request["stdin_path"]))
    if request["stdout_path"] is not None:
        streams += " > " + shlex.quote(job.part(request["stdout_path"]))
    return streams
