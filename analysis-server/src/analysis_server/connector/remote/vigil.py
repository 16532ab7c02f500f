"""Watches over a job without a pause: its end, its deadline, its memory, and who wants it to end."""

import contextlib
import os
import signal
import time
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import locks, process_tree, usage
from analysis_server.connector.remote.errors import Ended
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.memory_limit import MemoryLimit
from analysis_server.connector.remote.progress import Progress

WAKING = frozenset([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
TICK_S = 0.5
BEAT_S = 3.0
REFRESH_S = 3600.0


class Vigil:
    """Reaps whatever ends below this process, and raises `Ended` when the job must."""

    def __init__(self, job: JobFolder, progress: Progress) -> None:
        """Have signals wait until they are asked for."""
        self._job = job
        self._progress = progress
        self._statuses: Dict[int, int] = {}
        self._next_beat = 0.0
        self._deadline: Optional[Ended] = None
        self._deadline_at = 0.0
        self.memory = MemoryLimit(job.name, None)
        self.usage_max_mib = 0
        self.held: List[int] = []
        self._next_refresh = time.monotonic() + REFRESH_S
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING)

    def limit(self, seconds: Optional[int], message: str, *, reason: str = "timeout") -> None:
        """Let a deadline begin in place of the one before; None for none."""
        self._deadline = None if seconds is None else Ended(reason, message)
        self._deadline_at = time.monotonic() + (seconds or 0)

    def wait(self, pid: int) -> int:
        """Return the status that a child ended with."""
        while pid not in self._statuses:
            self.pause(TICK_S)
        return self._statuses.pop(pid)

    def pause(self, seconds: float) -> None:
        """Wait a moment, or until something happens; raises `Ended` if the job must end."""
        told = signal.sigtimedwait(WAKING, max(0.0, min(seconds, self._until_deadline())))
        self.reap()
        if os.path.exists(self._job.cancel):
            raise Ended("cancelled", "The job was cancelled.")
        if told is not None and told.si_signo in (signal.SIGTERM, signal.SIGINT):
            raise Ended("lost", "The supervisor was told to end by a signal, as hosts do that shut down.")
        if self._deadline is not None and time.monotonic() >= self._deadline_at:
            raise self._deadline
        self._look()

    def reap(self) -> None:
        """Take the statuses of all children that ended, also of those that were left to us."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._statuses[pid] = status

    def members(self) -> List[int]:
        """Return all processes below this one."""
        return sorted(pid for pid in process_tree.descendants(os.getpid()) if process_tree.is_alive(pid))

    def beat(self) -> None:
        """Tell of life while nothing of the job runs any more, as between two files of its manifest."""
        self._beat(usage.measure([]))

    def _until_deadline(self) -> float:
        return TICK_S if self._deadline is None else self._deadline_at - time.monotonic()

    def _look(self) -> None:
        if not self.memory.is_watched and time.monotonic() < self._next_beat:
            return
        pids = self.members()
        used = usage.measure(pids)
        self.usage_max_mib = max(self.usage_max_mib, used["rss_mib"])
        if self.memory.is_exceeded(pids, used["rss_mib"]):
            raise Ended("oom", f"The job used more memory than its limit of {self.memory.limit_mib} MiB.")
        self._beat(used)

    def _beat(self, used: Dict[str, Any]) -> None:
        if time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + BEAT_S
            self._progress.beat(dict(used, max_rss_mib=self.usage_max_mib))
        if time.monotonic() >= self._next_refresh:
            self._next_refresh = time.monotonic() + REFRESH_S
            locks.refresh(self.held)
