"""One limited process as its server sees it: started when needed, asked, and started again after its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

from satellite.schemas.frames import receive_frame, send_frame
from satellite.schemas.limits import WALL_S

PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
"""Nothing else of the server's environment: it holds secrets."""
ENDING_S = 2.0


class ProcessEnded(Exception):
    """The process has ended, or was ended, without an answer; `exit_code` is negative for a signal."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class LimitedProcess:
    """A process that runs one program, by default the checker of schemas; one request at a time."""

    def __init__(self, program: str = "satellite.schemas.checker") -> None:
        """Start nothing yet; `program` is a module that calls `satellite.schemas.limited.serve`."""
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Return the id of the process, if it runs."""
        return None if self._process is None else self._process.pid

    def ask(self, asked: dict[str, Any], schema: bytes, value: bytes) -> Any:
        """Send a request and return the first answer; starts the process if need be.

        Raises:
            ProcessEnded: there is no answer; the next request starts a fresh process.
        """
        if self._peer is None:
            self._peer = self._start()
        try:
            send_frame(self._peer, json.dumps(asked).encode(), schema, value)
        except OSError as exc:
            raise ProcessEnded(self.end()) from exc
        return self.receive()

    def receive(self) -> Any:
        """Return the next answer to the last request.

        Raises:
            ProcessEnded: there is none.
        """
        if self._peer is None:
            raise ProcessEnded(0)
        try:
            return json.loads(receive_frame(self._peer))
        except TimeoutError as exc:
            self.kill()
            raise ProcessEnded(self.end()) from exc
        except (EOFError, OSError) as exc:
            raise ProcessEnded(self.end()) from exc

    def kill(self) -> None:
        """End the process from another thread than the one that asks it."""
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> int:
        """End the process and return its exit code; 0 if there was none."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            return process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.settimeout(WALL_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # What interrupts the server must not end the check of a request that it still answers.
                start_new_session=True,
            )
        return ours
