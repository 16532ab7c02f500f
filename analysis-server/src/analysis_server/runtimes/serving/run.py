"""One job on its way through a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.verdict import overran
from satellite.contracts.outcome import JobError, StartKind


class ServerRun:
    """A job that waits for a server, is inside one, or has its result, which is given only once."""

    def __init__(
        self,
        request: RunRequest,
        *,
        listener: RunListener,
        control: RunControl,
        told: Callable[[RunResult], None] | None = None,
    ) -> None:
        """Begin to wait; `told` is called with the result, by any thread, and must be quick."""
        self.request = request
        self.control = control
        self._told = told
        self.id = f"{request.job_id}.{request.attempt}.{request.uid}"
        self.entered_at = time.monotonic()
        self.handed_at: float | None = None
        self.repeated = False
        self.start = StartKind.WARM
        self._log = LogCapture(listener, max_bytes=request.max_log_bytes)
        self._lock = threading.Lock()
        self._result: RunResult | None = None
        # Held until the result is there; a bare lock wakes its one waiter sooner than an event does.
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    @property
    def done(self) -> bool:
        """Tell whether the result is there."""
        return self._result is not None

    def wait(self, timeout_s: float) -> RunResult | None:
        """Return the result once it is there, None after `timeout_s`; for one thread."""
        if self._result is None:
            self._unfinished.acquire(timeout=timeout_s)
        return self._result

    def hand_over(self, *, ready_at: float) -> None:
        """Note that the job is on its way into a server that is ready since `ready_at`."""
        self.handed_at = time.monotonic()
        self.start = StartKind.WARM if ready_at <= self.entered_at else StartKind.COLD

    def repeat(self) -> bool:
        """Begin to wait once more, because its server was ended for another job; False the second time."""
        if self.repeated or self.done or self.control.reason is not None:
            return False
        self.repeated = True
        self.handed_at = None
        return True

    @property
    def deadline(self) -> float:
        """Return the latest moment of its end as it looks now; the clock starts at the hand-over."""
        return (self.handed_at or time.monotonic()) + self.request.timeout_s

    @property
    def due_at(self) -> float:
        """Return until when it waits for other jobs to share its request."""
        policy = self.request.manifest.batch
        return self.entered_at + (policy.max_wait_ms / 1000 if policy else 0.0)

    def write_log(self, data: bytes) -> None:
        """Take a piece of stderr."""
        with self._lock:
            if not self.done:
                self._log.write(data)

    def flush_log(self) -> bool:
        """Tell the listener what is due; True while more waits to be told."""
        with self._lock:
            if self.done:
                return False
            self._log.flush_when_due()
            return self._log.pending

    def log_tail(self) -> str | None:
        """Return the end of the log so far."""
        with self._lock:
            return self._log.tail()

    def succeed(self, result_json: bytes) -> None:
        """Give the result."""
        self._resolve(RunStatus.COMPLETED, result_json=result_json)

    def fail(self, error: JobError) -> None:
        """Fail the job, unless it was to be ended anyway."""
        if self.control.reason is not None:
            self.stop()
        else:
            self._resolve(RunStatus.FAILED, error=error)

    def stop(self) -> None:
        """Give what a job gets that was ended early: cancelled, or its deadline."""
        if self.control.reason is StopReason.TIMEOUT:
            self._resolve(RunStatus.FAILED, error=overran(self.request))
        else:
            self._resolve(RunStatus.CANCELLED)

    def _resolve(
        self, status: RunStatus, *, result_json: bytes | None = None, error: JobError | None = None
    ) -> None:
        with self._lock:
            if self.done:
                return
            now = time.monotonic()
            handed_at = self.handed_at or now
            stored = self._log.finish()
            if error is not None:
                error = error.model_copy(update={"stderr_tail": error.stderr_tail or self._log.tail()})
            result = self._result = RunResult(
                status=status,
                result_json=result_json,
                error=error,
                log=stored,
                prepared_ms=(handed_at - self.entered_at) * 1000,
                ran_ms=(now - handed_at) * 1000,
                start=self.start,
                progress=self._log.progress,
            )
        self._unfinished.release()
        if self._told is not None:
            self._told(result)


def owners_of(runs: Iterable[ServerRun]) -> set[int]:
    """Return whose the jobs are."""
    return {run.request.owner_id for run in runs}
