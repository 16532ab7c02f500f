"""Starts a process of a job: arguments as they are, no shell, with the locks that outlive its supervisor."""

import os
import shutil
import signal
import subprocess
import sys
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import process_tree
from analysis_server.connector.remote.memory_limit import MemoryLimit

# If memory runs out the kernel shall rather take the job than who can tell of it.
OOM_SCORE = b"500"


class JobProcesses:
    """Starts processes that carry the mark of one job and hold its locks."""

    def __init__(self, mark: int, fds: List[int]) -> None:
        """Take what tells its processes apart."""
        self._mark = mark
        self._fds = fds

    def also_hold(self, fds: List[int]) -> None:
        """Let all that start from now on hold further locks, as those of cards."""
        self._fds = self._fds + fds

    def start(
        self,
        command: List[str],
        *,
        variables: Dict[str, str],
        folder: str,
        stdin: int,
        stdout: int,
        stderr: int,
        memory: Optional[MemoryLimit] = None,
    ) -> int:
        """Return the number of the process that was started; raises OSError if it cannot be."""
        environment = dict(variables)
        environment[process_tree.VARIABLE] = str(self._mark)

        def become_the_job() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            process_tree.set_mark(self._mark)
            _offer_to_kernel()
            if memory is not None:
                memory.join()

        process = subprocess.Popen(
            found_command(command, environment),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env=environment,
            start_new_session=True,
            pass_fds=self._fds,
            preexec_fn=become_the_job,  # noqa: PLW1509 - this process has one thread
        )
        # It is reaped with all others below this process; its object must not do that once more.
        process.returncode = 0
        return process.pid


def found_command(command: List[str], environment: Dict[str, str]) -> List[str]:
    """Return the command, with this very Python for `python` where a host has none of that name."""
    path = environment.get("PATH", os.defpath)
    if command[0] == "python" and shutil.which("python", path=path) is None:
        return [shutil.which("python3", path=path) or sys.executable, *command[1:]]
    return command


def _offer_to_kernel() -> None:
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, OOM_SCORE)
        os.close(fd)
    except OSError:
        pass


def exit_facts(status: int) -> Dict[str, Any]:
    """Return how a process ended: its code, or the signal that ended it."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None}
