"""Who may end a run early, and why: one control per run, one register of the runs of a runtime."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum

import structlog
from cachetools import TTLCache

from satellite.contracts.identity import AttemptKey

logger = structlog.get_logger(__name__)

KILL_AGAIN_AFTER_S = 1.0
EARLY_CANCEL_TTL_S = 300.0
EARLY_CANCELS_MAX = 10_000


class StopReason(StrEnum):
    """Why Satellite itself ended a run. The first reason given counts."""

    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    OOM = "oom"
    OUTPUT_TOO_LARGE = "output_too_large"
    OUTPUTS_TOO_LARGE = "outputs_too_large"
    DISK_FULL = "disk_full"


class RunControl:
    """Stops one run: `stop` may be called from any thread, also before there is anything to kill."""

    def __init__(self) -> None:
        """Begin with nothing to kill and no reason to."""
        self._lock = threading.Lock()
        self._kill: Callable[[], None] | None = None
        self._killed_at = 0.0
        self._reason: StopReason | None = None

    @property
    def reason(self) -> StopReason | None:
        """Return why the run was stopped, or None."""
        return self._reason

    def arm(self, kill: Callable[[], None]) -> None:
        """Take what kills the run, now that it exists; kill at once if it was stopped meanwhile."""
        with self._lock:
            self._kill = kill
            if self._reason is not None:
                self._strike()

    def disarm(self) -> None:
        """Forget what kills the run, because it has ended; no kill is under way once this returns."""
        with self._lock:
            self._kill = None

    def stop(self, reason: StopReason) -> None:
        """End the run for `reason`; a second reason changes nothing."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._strike()

    def insist(self) -> None:
        """Kill again if a stopped run is still there, for the case that the engine was away."""
        with self._lock:
            if self._reason is not None and time.monotonic() - self._killed_at >= KILL_AGAIN_AFTER_S:
                self._strike()

    def _strike(self) -> None:
        if self._kill is None:
            return
        self._killed_at = time.monotonic()
        try:
            self._kill()
        except Exception as error:  # noqa: BLE001 - whatever the engine answers, the run loop tries again
            logger.warning("kill failed, trying again", error=str(error))


class ActiveRuns:
    """The runs of one runtime, by attempt. Remembers cancels that come just before their run."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._fewer = threading.Condition(self._lock)
        self._controls: dict[AttemptKey, RunControl] = {}
        self._early: TTLCache[AttemptKey, bool] = TTLCache(EARLY_CANCELS_MAX, EARLY_CANCEL_TTL_S)

    @contextlib.contextmanager
    def enter(self, key: AttemptKey) -> Iterator[RunControl]:
        """Register a run for the length of the block; stopped already if it was cancelled a moment ago."""
        control = RunControl()
        with self._lock:
            self._controls[key] = control
            is_cancelled = self._early.pop(key, False)
        if is_cancelled:
            control.stop(StopReason.CANCELLED)
        try:
            yield control
        finally:
            with self._lock:
                self._controls.pop(key, None)
                self._fewer.notify_all()

    def keys(self) -> set[AttemptKey]:
        """Return the attempts that run now."""
        with self._lock:
            return set(self._controls)

    def cancel(self, key: AttemptKey) -> bool:
        """Stop the run of `key`; remember the wish if it is not here yet."""
        with self._lock:
            control = self._controls.get(key)
            if control is None:
                self._early[key] = True
        if control is not None:
            control.stop(StopReason.CANCELLED)
        return control is not None

    def stop_all(self) -> int:
        """Stop every run."""
        with self._lock:
            controls = list(self._controls.values())
        for control in controls:
            control.stop(StopReason.CANCELLED)
        return len(controls)

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no run is left; False when some still run after `timeout_s`."""
        with self._lock:
            return self._fewer.wait_for(lambda: not self._controls, timeout_s)
