"""A server plugin as a process."""

from __future__ import annotations

import os

from analysis_server.runtimes.process.spare import ProcessSpare
from analysis_server.runtimes.run.pump import Reader, chunk_reader
from analysis_server.runtimes.run.verdict import Ending
from analysis_server.runtimes.serving.connection import Sink


class ProcessConnection:
    """Talks with a process that serves, and measures the memory of its tree."""

    sampled = True

    def __init__(self, spare: ProcessSpare, *, memory_bytes: int, stdout: Sink, stderr: Sink) -> None:
        """Take a started process."""
        self._spare = spare
        self._started = spare.started
        self._memory_bytes = memory_bytes
        mask = spare.secrets.mask()
        self._masked = [mask.stream(stdout), mask.stream(stderr)]
        self._read_stderr = chunk_reader(self._masked[1].write)
        self._exited = os.pidfd_open(spare.started.pid)

    def readers(self) -> dict[int, Reader]:
        """Return both streams, and the descriptor that tells of the end."""
        return {
            self._started.stderr.fileno(): self._read_stderr,
            self._started.stdout.fileno(): chunk_reader(self._take_answers),
            self._exited: self._note_end,
        }

    def stdin(self) -> int:
        """Return the pipe to it."""
        return self._started.stdin.fileno()

    def kill(self) -> None:
        """Kill its whole tree."""
        self._spare.tree.kill()

    def over_memory(self) -> bool:
        """Tell whether its tree is larger than the manifest allows."""
        return self._spare.tree.rss_bytes() > self._memory_bytes

    def finish(self) -> Ending:
        """Leave nothing of it."""
        exit_code = self._spare.end()
        for stream in self._masked:
            stream.finish()
        os.close(self._exited)
        self._spare.remove_folder()
        return Ending(exit_code=exit_code)

    def _take_answers(self, data: bytes) -> None:
        # What was logged before these answers is in the other pipe by now.
        self._read_stderr(self._started.stderr.fileno())
        self._masked[0].write(data)

    def _note_end(self, _: int) -> bool:
        # What it left running would hold its pipes open for ever.
        self._spare.tree.kill_rest()
        return False
