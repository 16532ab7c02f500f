"""Runs programs whose failure is an error that quotes their last words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from satellite.backup.errors import ProgramFailed

LAST_WORDS = 600


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program to its end and return what it wrote, unless that goes to `stdout`.

    Raises:
        ProgramFailed: it ended with another code than 0, or is not there.
    """
    streams: dict[str, Any] = {
        "stdin": stdin or subprocess.DEVNULL,
        "stdout": stdout or subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    try:
        done = subprocess.run(
            command, env={**os.environ, **(environment or {})}, cwd=folder, check=False, **streams
        )
    except OSError as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {error.strerror}.") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout or b"").decode(errors="replace").strip()[-LAST_WORDS:]
        raise ProgramFailed(f"{Path(command[0]).name} failed: {said or f'it ended with {done.returncode}'}")
    return (done.stdout or b"").decode(errors="replace").strip()
