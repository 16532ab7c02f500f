"""One job in one pod: input in, frames out, and what the end is called."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi
from analysis_server.runtimes.kubernetes.ending import PodEnd, end_of
from analysis_server.runtimes.kubernetes.frames import FrameReader, FramesMissing
from analysis_server.runtimes.kubernetes.handing import InputHanding
from analysis_server.runtimes.kubernetes.log_stream import followed_log
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.pump import chunk_reader, pump
from analysis_server.runtimes.run.told_later import ToldLater
from analysis_server.runtimes.run.verdict import Ending, RunClock, conclude, failed
from analysis_server.runtimes.run.watch import RunWatch
from analysis_server.runtimes.secrets.giving import NOTHING, GivenSecrets
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.run_handle import RunHandle

AGAIN_AFTER_S: Final = 0.2
KILLED: Final = Ending(exit_code=137)


class PodRun:
    """Follows a plugin in a pod until it ends, by the pod's log, however often that is cut."""

    def __init__(
        self,
        request: RunRequest,
        *,
        api: KubernetesApi,
        name: str,
        listener: RunListener,
        control: RunControl,
        secrets: GivenSecrets = NOTHING,
    ) -> None:
        """Take what belongs to the run; nothing is asked of the API server yet."""
        self._request = request
        self._api = api
        self._name = name
        self._listener = ToldLater(listener)
        self._control = control
        self._stdout = AnswerBuffer(request.max_result_bytes)
        self._log = LogCapture(self._listener, max_bytes=request.max_log_bytes)
        mask = secrets.mask()
        self._masked = [mask.stream(self._stdout.write), mask.stream(self._log.write)]
        stdout, stderr = self._masked
        self._frames = FrameReader(stdout=stdout.write, stderr=stderr.write)
        self._handing: InputHanding | None = None
        self._began_at = datetime.now(UTC)

    def converse(self, line: bytes, *, prepared_ms: float, start: StartKind) -> RunResult:
        """Hand over the input, take the output, and return the result with the last frame."""
        self._began_at = datetime.now(UTC)
        self._listener.open()
        self._handing = InputHanding(self._api, self._name, line)
        self._handing.start()
        try:
            return self._follow(RunClock(prepared_ms=prepared_ms, start=start), self._request.timeout_s)
        finally:
            self._handing.stop()

    def resume(self, handle: RunHandle) -> RunResult:
        """Go on with another process's run: its stored log is whole, live only what is new is told."""
        self._began_at = handle.began_at
        self._take_old()
        self._listener.open()
        left_s = (handle.deadline_at - datetime.now(UTC)).total_seconds()
        return self._follow(RunClock(), max(0.0, left_s))

    def _take_old(self) -> None:
        try:
            with self._api.log(self._name, follow=False) as pieces:
                for data in pieces:
                    self._frames.feed(data)
        except API_FAULTS:
            # Then some of what was told is told again.
            pass
        self._log.flush()

    def _follow(self, clock: RunClock, timeout_s: float) -> RunResult:
        began = time.perf_counter()
        watch = RunWatch(self._control, stdout=self._stdout, log=self._log, timeout_s=timeout_s)
        try:
            end = self._read(watch)
        except FramesMissing as error:
            return failed(ErrorKind.LOST, f"The attempt was lost: of what its pod has written, {error}.")
        for stream in self._masked:
            stream.finish()
        if isinstance(end, JobError) and self._control.reason is None:
            return failed(end.kind, end.message)
        ending = KILLED
        if isinstance(end, Ending):
            ending = end
        ran_ms = (time.perf_counter() - began) * 1000
        if self._handing is None:
            ran_ms = max(0.0, (datetime.now(UTC) - self._began_at).total_seconds() * 1000)
        return conclude(
            self._request,
            ending=ending,
            reason=self._control.reason,
            stdout=self._stdout,
            log=self._log,
            clock=RunClock(prepared_ms=clock.prepared_ms, ran_ms=ran_ms, start=clock.start),
        )

    def _read(self, watch: RunWatch) -> Ending | JobError:
        """Read until the last frame, or until the pod has ended without one."""
        ended: PodEnd | JobError | None = None
        while True:
            self._frames.restart()
            with followed_log(self._api, self._name) as descriptor:
                pump({descriptor: self._take}, None, watch=watch)
            if self._frames.end is not None:
                return Ending(exit_code=self._frames.end.exit_code, oom=self._frames.end.oom)
            if watch.gave_up:
                return KILLED
            if ended is not None:
                # It had ended before its log was read the last time, so nothing more will come.
                return self._without_last_frame(ended)
            ended = self._look()
            if ended is None:
                if watch() is None:
                    return KILLED
                time.sleep(AGAIN_AFTER_S)

    def _look(self) -> PodEnd | JobError | None:
        try:
            return end_of(self._api.find(self._name))
        except API_FAULTS:
            return None

    def _without_last_frame(self, ended: PodEnd | JobError) -> Ending | JobError:
        if isinstance(ended, JobError):
            return ended
        if ended.oom or self._control.reason is not None:
            return Ending(exit_code=ended.exit_code, oom=ended.oom)
        stray = self._frames.stray.decode(errors="replace").strip()
        told = f": {stray[-500:]}" if stray else "."
        return JobError(
            kind=ErrorKind.LOST,
            message=f"The attempt was lost: its pod ended ({ended.exit_code}) without a last word{told}",
        )

    def _take(self, descriptor: int) -> bool:
        was_accepted = self._frames.is_accepted
        is_more = self._feed(descriptor)
        if self._frames.is_accepted and not was_accepted:
            if self._handing is not None:
                self._handing.stop()
            # Not before: who attached later could not hand over the rest.
            self._listener.attachable(self._handle())
        return is_more and self._frames.end is None

    def _feed(self, descriptor: int) -> bool:
        return chunk_reader(self._frames.feed)(descriptor)

    def _handle(self) -> RunHandle:
        return RunHandle(
            runtime="kubernetes",
            place=self._api.place(),
            name=self._name,
            began_at=self._began_at,
            deadline_at=self._began_at + timedelta(seconds=self._request.timeout_s),
            gpu_ids=self._request.gpu_ids,
        )
