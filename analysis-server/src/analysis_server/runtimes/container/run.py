"""One job in one started container: input in, frames out, and what the end is called."""

from __future__ import annotations

import time

from docker import APIClient

from analysis_server.runtimes.container.attach_stream import FrameDemultiplexer
from analysis_server.runtimes.container.session import ContainerSession, wait_for_end
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.pump import Feed, chunk_reader, pump
from analysis_server.runtimes.run.verdict import RunClock, conclude
from analysis_server.runtimes.run.watch import RunWatch
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import InputVia


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
    ) -> None:
        """Take what belongs to the run; the deadline counts from `converse`."""
        self._request = request
        self._control = control
        self._session = session
        self._start = start
        self._stdout = AnswerBuffer(request.max_result_bytes)
        self._log = LogCapture(listener, max_bytes=request.max_log_bytes)

    def converse(self, client: APIClient, *, prepared_ms: float) -> RunResult:
        """Hand over the input, take the output, and return the result once the container has ended."""
        began = time.perf_counter()
        self._pump()
        ending = wait_for_end(client, self._session.container_id)
        clock = RunClock(
            prepared_ms=prepared_ms, ran_ms=(time.perf_counter() - began) * 1000, start=self._start
        )
        return conclude(
            self._request,
            ending=ending,
            reason=self._control.reason,
            stdout=self._stdout,
            log=self._log,
            clock=clock,
        )

    def _pump(self) -> None:
        request, session = self._request, self._session
        frames = FrameDemultiplexer(stdout=self._stdout.write, stderr=self._log.write)
        payload = request.input_json if request.manifest.input_via is InputVia.STDIN else b""
        pump(
            {session.fileno(): chunk_reader(frames.feed)},
            Feed(session.fileno(), payload, finish=session.end_input),
            watch=RunWatch(self._control, stdout=self._stdout, log=self._log, timeout_s=request.timeout_s),
        )
