"""A process that is started and waits for a job's input."""

from __future__ import annotations

import os
import select
import shutil
from pathlib import Path

from analysis_server.runtimes.process.started_process import StartedProcess
from analysis_server.runtimes.process.tree import ProcessTree


class ProcessSpare:
    """A started process, its tree, and the folder in which it works; also of a job that had no spare."""

    def __init__(self, started: StartedProcess, *, tree: ProcessTree, folder: Path) -> None:
        """Take a started process."""
        self.started = started
        self.tree = tree
        self._folder = folder
        self._has_ended = False

    def usable(self) -> bool:
        """Tell whether it still runs, without collecting its exit code."""
        exited = os.pidfd_open(self.started.pid)
        try:
            return not select.select([exited], [], [], 0)[0]
        finally:
            os.close(exited)

    def end(self) -> int:
        """Kill what is left of it and return its exit code."""
        # Only now is the leader reaped: until then its id cannot become another process's.
        self._has_ended = self.tree.kill_rest()
        return self.started.reap()

    def discard(self) -> None:
        """Kill it and remove its folder."""
        self.end()
        self.remove_folder()

    def remove_folder(self) -> None:
        """Remove the folder with all that was written there, unless a janitor will need it."""
        if self._has_ended:
            shutil.rmtree(self._folder, ignore_errors=True)
