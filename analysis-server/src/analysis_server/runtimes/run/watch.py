"""What is checked while a plugin runs: deadline, output size, log flushes, and a kill that must hold."""

from __future__ import annotations

import time
from collections.abc import Callable

from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import KILL_AGAIN_AFTER_S, RunControl, StopReason
from analysis_server.runtimes.run.log_capture import FLUSH_S, LogCapture

IDLE_S = 60.0


class RunWatch:
    """The `watch` of a pump: returns the seconds until it wants to be called again."""

    def __init__(
        self,
        control: RunControl,
        *,
        stdout: AnswerBuffer,
        log: LogCapture,
        timeout_s: float,
        sample: Callable[[], None] | None = None,
        sample_every_s: float = IDLE_S,
        give_up_after_s: float = 30.0,
    ) -> None:
        """Start the clock. `sample` is called about every `sample_every_s`, for example to measure memory."""
        self._control = control
        self._stdout = stdout
        self._log = log
        self._sample = sample
        self._sample_every_s = sample_every_s
        self._give_up_after_s = give_up_after_s
        self._deadline = time.monotonic() + timeout_s
        self._sample_at = time.monotonic() + sample_every_s
        self._stopped_at: float | None = None
        self.gave_up = False

    def __call__(self) -> float | None:
        """Check everything; None when a stopped plugin did not end and waiting on is pointless."""
        now = time.monotonic()
        if self._stdout.too_large:
            self._control.stop(StopReason.OUTPUT_TOO_LARGE)
        if now >= self._deadline:
            self._control.stop(StopReason.TIMEOUT)
        self._log.flush_when_due()
        if self._sample is not None and now >= self._sample_at:
            self._sample_at = now + self._sample_every_s
            self._sample()
        if self._control.reason is not None:
            return self._wait_for_the_end(now)
        wait_s = min(self._deadline - now, IDLE_S if self._sample is None else self._sample_at - now)
        return min(wait_s, FLUSH_S) if self._log.pending else wait_s

    def _wait_for_the_end(self, now: float) -> float | None:
        if self._stopped_at is None:
            self._stopped_at = now
        if now - self._stopped_at > self._give_up_after_s:
            self.gave_up = True
            return None
        self._control.insist()
        return KILL_AGAIN_AFTER_S / 4
