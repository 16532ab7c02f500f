"""Runs the programs of the setup, as processes of the job: whoever cancels it ends them too."""

import contextlib
import os
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import ending, environment, inside, job_process
from analysis_server.connector.remote.errors import Ended
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_process import JobProcesses
from analysis_server.connector.remote.vigil import Vigil

LOG = "logs/setup.log"
TAIL_BYTES = 1500


class SetupProcess:
    """What a part of the setup starts programs with; one that fails ends the job."""

    def __init__(
        self, job: JobFolder, request: Dict[str, Any], vigil: Vigil, processes: JobProcesses
    ) -> None:
        """Take whose setup it is."""
        self._job = job
        self._request = request
        self._vigil = vigil
        self._processes = processes
        self.reason = "setup_git"

    def begin(self, reason: str) -> None:
        """Begin a part, which fails for this reason from now on, also when it takes too long."""
        self.reason = reason
        limit = self._request["setup"]["limit_s"]
        self._vigil.limit(limit, f"It took longer than {limit} s.", reason=reason)

    def fail(self, message: str) -> Ended:
        """Return what ends the job for the part that is under way."""
        return Ended(self.reason, message)

    def run(
        self, command: List[str], *, folder: str, what: str, variables: Optional[Dict[str, str]] = None
    ) -> None:
        """Run a program to its end; raises `Ended` with the end of its log if it fails."""
        if not self.succeeds(command, folder=folder, variables=variables):
            tail = ending.tail(self._job, LOG, size_bytes=TAIL_BYTES).strip()
            raise self.fail(f"{what} failed: {tail}")

    def succeeds(
        self, command: List[str], *, folder: str, variables: Optional[Dict[str, str]] = None
    ) -> bool:
        """Run a program and tell whether it ended well."""
        return self._ends_well(command, folder, variables or {}, None)

    def prints(self, command: List[str], *, folder: str, path: str) -> bool:
        """Run a program whose output goes into a file of ours, and tell whether it ended well."""
        return self._ends_well(command, folder, {}, path)

    def _ends_well(
        self, command: List[str], folder: str, variables: Dict[str, str], output: Optional[str]
    ) -> bool:
        # The job's variables may say how to reach a package index; its secrets are for its command only.
        full = dict(environment.inherited(), **self._request["env"])
        full.update(variables)
        with contextlib.ExitStack() as files:

            def opened(fd: int) -> int:
                files.callback(os.close, fd)
                return fd

            log = opened(inside.open_inside(self._job.path, LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
            os.write(log, ("+ {}\n".format(" ".join(command))).encode("utf-8", "replace"))
            out = (
                log
                if output is None
                else opened(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            )
            nothing = opened(os.open(os.devnull, os.O_RDONLY))
            try:
                pid = self._processes.start(
                    command, variables=full, folder=folder, stdin=nothing, stdout=out, stderr=log
                )
            except OSError as error:
                raise self.fail(f"{command[0]} cannot be started: {error}") from error
        return bool(job_process.exit_facts(self._vigil.wait(pid))["code"] == 0)
