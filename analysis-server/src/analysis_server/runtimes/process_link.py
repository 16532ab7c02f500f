"""A server plugin as a process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from analysis_server.runtimes.process_start import StartedProcess
from analysis_server.runtimes.process_tree import ProcessTree
from analysis_server.runtimes.pump import Reader, chunk_reader
from analysis_server.runtimes.serving.link import Sink
from analysis_server.runtimes.verdict import Ending


class ProcessLink:
    """Talks with a process that serves, and measures the memory of its tree."""

    sampled = True

    def __init__(
        self,
        started: StartedProcess,
        *,
        tree: ProcessTree,
        folder: Path,
        memory_bytes: int,
        stdout: Sink,
        stderr: Sink,
    ) -> None:
        """Take a started process and the folder that is removed with it."""
        self._started = started
        self._tree = tree
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._stdout = stdout
        self._stderr = stderr
        self._exited = os.pidfd_open(started.pid)

    def readers(self) -> dict[int, Reader]:
        """Return both streams, and the descriptor that tells of the end."""
        return {
            self._started.stderr.fileno(): chunk_reader(self._stderr),
            self._started.stdout.fileno(): chunk_reader(self._stdout),
            self._exited: self._note_end,
        }

    def stdin(self) -> int:
        """Return the pipe to it."""
        return self._started.stdin.fileno()

    def kill(self) -> None:
        """Kill its whole tree."""
        self._tree.kill()

    def over_memory(self) -> bool:
        """Tell whether its tree is larger than the manifest allows."""
        return self._tree.rss_bytes() > self._memory_bytes

    def finish(self) -> Ending:
        """Leave nothing of it."""
        # The leader is reaped last: until then its id cannot become another process's.
        self._tree.kill_rest()
        exit_code = self._started.reap()
        os.close(self._exited)
        shutil.rmtree(self._folder, ignore_errors=True)
        return Ending(exit_code=exit_code)

    def _note_end(self, _: int) -> bool:
        # What it left running would hold its pipes open for ever.
        self._tree.kill_rest()
        return False
