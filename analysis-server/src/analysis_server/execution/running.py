"""The attempts a worker holds: from the claim until the outcome was handed to the broker."""

from __future__ import annotations

import threading
from enum import StrEnum

from analysis_server.runtimes.port import AttemptKey


class Stop(StrEnum):
    """Why a worker ends an attempt early."""

    CANCELLED = "cancelled"
    DRAINED = "drained"
    """The worker leaves; the job is handed back."""


class HeldAttempt:
    """One attempt in this worker's hands; `stop` is set at most once."""

    def __init__(self, key: AttemptKey) -> None:
        """Begin running."""
        self.key = key
        self.stop: Stop | None = None
        self.in_slot = True
        """False once only its outcome waits to be handed over."""


class RunningAttempts:
    """A thread-safe register of held attempts."""

    def __init__(self) -> None:
        """Begin empty."""
        self._changed = threading.Condition()
        self._held: dict[AttemptKey, HeldAttempt] = {}

    def add(self, key: AttemptKey) -> HeldAttempt:
        """Hold an attempt."""
        with self._changed:
            held = self._held[key] = HeldAttempt(key)
            return held

    def finish(self, key: AttemptKey) -> None:
        """Note that an attempt no longer occupies a slot; its lease is kept until `release`."""
        with self._changed:
            if key in self._held:
                self._held[key].in_slot = False
            self._changed.notify_all()

    def release(self, key: AttemptKey) -> None:
        """Let go of an attempt whose outcome is on its way."""
        with self._changed:
            self._held.pop(key, None)
            self._changed.notify_all()

    def keys(self) -> list[AttemptKey]:
        """Return all held attempts."""
        with self._changed:
            return list(self._held)

    def in_slots(self) -> list[AttemptKey]:
        """Return the attempts that occupy slots."""
        with self._changed:
            return [key for key, held in self._held.items() if held.in_slot]

    def mark_stopped(self, stop: Stop, *, job_id: int | None = None) -> list[AttemptKey]:
        """Give the attempts of a job, or all, a reason to stop; return those that had none yet."""
        with self._changed:
            marked = [
                held
                for key, held in self._held.items()
                if held.stop is None and held.in_slot and (job_id is None or key[0] == job_id)
            ]
            for held in marked:
                held.stop = stop
            return [held.key for held in marked]

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no slot is occupied; False when some still are after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(held.in_slot for held in self._held.values()), timeout_s
            )
