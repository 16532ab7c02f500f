"""One job in one started container: input in, frames out, and what the end is called."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from docker import APIClient

from analysis_server.runtimes.container.attach_stream import FrameDemultiplexer
from analysis_server.runtimes.container.ending import wait_for_end
from analysis_server.runtimes.container.session import ContainerSession
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.output_watch import LOOK_EVERY_S, OutputWatch
from analysis_server.runtimes.run.outputs import take_outputs
from analysis_server.runtimes.run.pump import Feed, chunk_reader, pump
from analysis_server.runtimes.run.verdict import RunClock, conclude
from analysis_server.runtimes.run.watch import RunWatch
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import InputVia
from satellite.contracts.run_handle import RunHandle


class ContainerRun:
    """Talks with a plugin in a container until it ends."""

    def __init__(
        self,
        request: RunRequest,
        *,
        listener: RunListener,
        control: RunControl,
        session: ContainerSession,
        start: StartKind = StartKind.COLD,
        place: str | None = None,
    ) -> None:
        """Take what belongs to the run; the deadline counts from `converse`.

        `place` is told where the engine keeps the output, so that the run can be attached to later.
        """
        self._request = request
        self._control = control
        self._session = session
        self._start = start
        self._listener = listener
        self._place = place
        self._stdout = AnswerBuffer(request.max_result_bytes)
        self._log = LogCapture(listener, max_bytes=request.max_log_bytes)
        self._outputs = None if session.folder is None else session.folder.outputs
        self._written = [] if session.folder is None else session.folder.written
        mask = session.secrets.mask()
        self._masked = [mask.stream(self._stdout.write), mask.stream(self._log.write)]

    def converse(self, client: APIClient, *, prepared_ms: float) -> RunResult:
        """Hand over the input, take the output, and return the result once the container has ended."""
        began = time.perf_counter()
        self._pump()
        for stream in self._masked:
            stream.finish()
        ending = wait_for_end(client, self._session.container_id)
        clock = RunClock(
            prepared_ms=prepared_ms, ran_ms=(time.perf_counter() - began) * 1000, start=self._start
        )
        result = conclude(
            self._request,
            ending=ending,
            reason=self._control.reason,
            stdout=self._stdout,
            log=self._log,
            clock=clock,
        )
        return take_outputs(self._request, result, self._outputs)

    def _pump(self) -> None:
        request, session = self._request, self._session
        stdout, stderr = self._masked
        frames = FrameDemultiplexer(stdout=stdout.write, stderr=stderr.write)
        payload = request.input_json if request.manifest.input_via is InputVia.STDIN else b""
        pump(
            {session.fileno(): chunk_reader(frames.feed)},
            Feed(session.fileno(), payload, finish=self._end_input),
            watch=RunWatch(
                self._control,
                stdout=self._stdout,
                log=self._log,
                timeout_s=request.timeout_s,
                sample=OutputWatch(self._written, request, self._control).look,
                sample_every_s=LOOK_EVERY_S,
            ),
        )

    def _end_input(self) -> None:
        self._session.end_input()
        # Not before: who attached later could not hand over the rest.
        if self._place is not None:
            self._listener.attachable(self._handle(self._place))

    def _handle(self, place: str) -> RunHandle:
        began_at = datetime.now(UTC)
        return RunHandle(
            runtime="container",
            place=place,
            name=self._session.container_id,
            began_at=began_at,
            deadline_at=began_at + timedelta(seconds=self._request.timeout_s),
            gpu_ids=self._request.gpu_ids,
        )
