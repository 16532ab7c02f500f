"""A job in a container that another process has started: its output from the beginning, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis_server.runtimes.container.attach_stream import FrameDemultiplexer
from analysis_server.runtimes.container.ending import wait_for_end
from analysis_server.runtimes.container.engine import Engine
from analysis_server.runtimes.container.folder import ContainerFolder
from analysis_server.runtimes.container.kept_output import may_be_cut
from analysis_server.runtimes.container.kept_stream import count_kept_bytes, kept_stream
from analysis_server.runtimes.container.template import LABEL_FOLDER
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.output_watch import LOOK_EVERY_S, OutputWatch
from analysis_server.runtimes.run.outputs import take_outputs
from analysis_server.runtimes.run.pump import chunk_reader, pump
from analysis_server.runtimes.run.told_later import ToldLater
from analysis_server.runtimes.run.verdict import RunClock, conclude, failed
from analysis_server.runtimes.run.watch import RunWatch
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.run_handle import RunHandle

CUT = "The attempt was lost: it has written more than its engine keeps, so what came first is gone."


class AttachedRun:
    """Goes on with a run until it ends, by what the engine has kept of it."""

    def __init__(
        self,
        request: RunRequest,
        handle: RunHandle,
        *,
        listener: RunListener,
        control: RunControl,
        engine: Engine,
    ) -> None:
        """Take what belongs to the run; nothing is asked of the engine yet."""
        self._request = request
        self._handle = handle
        self._control = control
        self._engine = engine
        self._told_later = ToldLater(listener)
        self._stdout = AnswerBuffer(request.max_result_bytes)
        self._log = LogCapture(self._told_later, max_bytes=request.max_log_bytes)
        self._frames = FrameDemultiplexer(stdout=self._stdout.write, stderr=self._log.write)
        self._old_bytes = self._read_bytes = 0
        self.folder: ContainerFolder | None = None
        """What the container shares with its worker, known once it is followed."""

    def follow(self) -> RunResult:
        """Read all output, and return the result once the container has ended.

        Raises:
            NotFound: the container is gone.
        """
        name = self._handle.name
        with self._engine.client() as client:
            found = client.inspect_container(name)
            ended_at, self.folder = _ended_at(found), _folder_of(found)
            self._old_bytes = count_kept_bytes(client, name)
        self._read(ended_at)
        with self._engine.client() as client:
            ending = wait_for_end(client, name)
        if may_be_cut(self._read_bytes, self._frames.frames):
            return failed(ErrorKind.LOST, CUT)
        ran_s = ((ended_at or datetime.now(UTC)) - self._handle.began_at).total_seconds()
        result = conclude(
            self._request,
            ending=ending,
            reason=self._control.reason,
            stdout=self._stdout,
            log=self._log,
            clock=RunClock(ran_ms=max(0.0, ran_s * 1000)),
        )
        return take_outputs(self._request, result, None if self.folder is None else self.folder.outputs)

    def _read(self, ended_at: datetime | None) -> None:
        written = [] if self.folder is None else self.folder.written
        left_s = (self._handle.deadline_at - (ended_at or datetime.now(UTC))).total_seconds()
        with kept_stream(self._engine, self._handle.name) as descriptor:
            watch = RunWatch(
                self._control,
                stdout=self._stdout,
                log=self._log,
                timeout_s=left_s,
                sample=OutputWatch(written, self._request, self._control).look,
                sample_every_s=LOOK_EVERY_S,
            )
            pump({descriptor: chunk_reader(self._take)}, None, watch=watch)

    def _take(self, data: bytes) -> None:
        old = max(0, self._old_bytes - self._read_bytes)
        self._read_bytes += len(data)
        if old:
            self._frames.feed(data[:old])
        if len(data) >= old and not self._told_later.is_open:
            self._log.flush()
            self._told_later.open()
        self._frames.feed(data[old:])


def _folder_of(found: Mapping[str, Any]) -> ContainerFolder | None:
    """Return the folder that a container shares with its worker, if it does."""
    path = found["Config"]["Labels"].get(LABEL_FOLDER)
    return ContainerFolder(Path(path)) if path else None


def _ended_at(found: Mapping[str, Any]) -> datetime | None:
    """Return when a container has ended, None of one that still runs."""
    state = found["State"]
    return None if state["Running"] else datetime.fromisoformat(state["FinishedAt"])
