"""A plugin's process with its three pipes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO


class StartedProcess:
    """A started process. Its streams are never None, and closed together."""

    def __init__(self, command: list[str], *, folder: Path, variables: dict[str, str]) -> None:
        """Start it in a session of its own."""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
        assert self.process.stdin is not None  # noqa: S101 - all three are pipes
        assert self.process.stdout is not None  # noqa: S101
        assert self.process.stderr is not None  # noqa: S101
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout
        self.stderr: IO[bytes] = self.process.stderr

    @property
    def pid(self) -> int:
        """Return its id."""
        return self.process.pid

    def reap(self) -> int:
        """Wait for its end, close the streams, and return the exit code, negative for a signal."""
        exit_code = self.process.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        return exit_code
