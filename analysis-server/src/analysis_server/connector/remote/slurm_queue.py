"""What Slurm knows of our jobs, asked once for all of them."""

import getpass
import shutil
import subprocess
from typing import Dict, List, Optional

from analysis_server.connector.remote import programs

ANSWERS_WITHIN_S = 30
PREFIX = "sat-"
LOOK_BACK = "now-30days"
WAITING = (
    "PENDING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_HOLD",
    "REQUEUE_FED",
    "SPECIAL_EXIT",
    "RESV_DEL_HOLD",
)
RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")
ACTIVE = frozenset([*WAITING, *RUNNING])


class SlurmJob:
    """One job as Slurm calls it."""

    def __init__(self, number: str, state: str, reason: str = "", node: str = "") -> None:
        """Take what was told; `CANCELLED by 1000` is the state `CANCELLED`."""
        self.number = number
        self.state = state.partition(" ")[0]
        self.reason = reason
        self.node = node

    @property
    def is_active(self) -> bool:
        """Tell whether it waits or runs."""
        return self.state in ACTIVE


class SlurmDoesNotAnswer(Exception):
    """Nothing is known: neither that a job is there nor that it is not."""


class Queue:
    """Asks at the first question and keeps the answers; of jobs with one name all are kept."""

    def __init__(self) -> None:
        """Ask nothing yet."""
        self._waiting: Optional[Dict[str, List[SlurmJob]]] = None
        self._past: Optional[Dict[str, List[SlurmJob]]] = None

    def find(self, name: str) -> List[SlurmJob]:
        """Return all jobs of a name, also some that ended; raises `SlurmDoesNotAnswer`."""
        if self._waiting is None:
            self._waiting = _by_name(ask(["squeue", "-h", "-t", "all", "-u", user(), "-o", "%j|%i|%T|%r|%N"]))
        return self._waiting.get(name, []) or self._find_past(name)

    def _find_past(self, name: str) -> List[SlurmJob]:
        """Ask the accounting, which not all clusters have."""
        if self._past is None:
            fields = "JobName%200,JobID,State,ExitCode,NodeList"
            command = ["sacct", "-n", "-P", "-X", "-u", user(), "-S", LOOK_BACK, "-o", fields]
            try:
                self._past = _by_name(ask(command))
            except SlurmDoesNotAnswer:
                self._past = {}
        return self._past.get(name, [])


def user() -> str:
    """Return the account's name."""
    return getpass.getuser()


def ask(command: List[str]) -> List[str]:
    """Return the lines that a program of Slurm prints; raises `SlurmDoesNotAnswer`."""
    if shutil.which(command[0]) is None:
        raise SlurmDoesNotAnswer(f"This host has no {command[0]}.")
    try:
        done = programs.run(command, within_s=ANSWERS_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlurmDoesNotAnswer(f"{command[0]} does not answer: {error}") from error
    if done.returncode != 0:
        said = programs.complaint(done)
        raise SlurmDoesNotAnswer(f"{command[0]} exited with {done.returncode}: {said}")
    return done.stdout.decode("utf-8", "replace").splitlines()


def _by_name(lines: List[str]) -> Dict[str, List[SlurmJob]]:
    found: Dict[str, List[SlurmJob]] = {}
    for line in lines:
        parts = [part.strip() for part in line.split("|")]
        if len(parts) == 5 and parts[0].startswith(PREFIX):
            found.setdefault(parts[0], []).append(SlurmJob(*parts[1:]))
    return found
