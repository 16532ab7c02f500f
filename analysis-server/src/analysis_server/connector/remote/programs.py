"""Runs programs of the host that answer at once."""

import subprocess
from typing import List


def run(command: List[str], *, within_s: float) -> "subprocess.CompletedProcess[bytes]":
    """Return how a program ended and what it printed; raises OSError or TimeoutExpired."""
    return subprocess.run(  # noqa: UP022 - the shorter way is of Python 3.7
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=within_s,
        check=False,
    )


def complaint(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Return what a program said of its failure."""
    return (done.stderr or done.stdout).decode("utf-8", "replace").strip()[:500]
