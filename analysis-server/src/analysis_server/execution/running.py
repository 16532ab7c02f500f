"""The attempts a worker holds: from the claim until the outcome was handed to the broker."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from satellite.contracts.identity import AttemptKey, JobKey
from satellite.contracts.run_handle import RunHandle


class Stop(StrEnum):
    """Why a worker ends an attempt early."""

    CANCELLED = "cancelled"
    DRAINED = "drained"
    """The worker leaves; the job is handed back."""


class HeldAttempt:
    """One attempt in this worker's hands; `stop` is set at most once."""

    def __init__(
        self,
        key: AttemptKey,
        *,
        started_at: datetime | None = None,
        generation: int = 0,
        handle: RunHandle | None = None,
    ) -> None:
        """Begin running; an adopted one has a handle already."""
        self.key = key
        self.started_at = started_at or datetime.now(UTC)
        self.generation = generation
        """What outcomes are fenced by; later if the attempt was offered meanwhile and taken back."""
        self.handle = handle
        """What the run can be found by, if its executor dies; None while it could not."""
        self.handle_told_at_s: float | None = None
        self.stop: Stop | None = None
        self.in_slot = True
        """False once only its outcome waits to be handed over."""

    def is_stopped(self) -> bool:
        """Tell whether it has a reason to end early."""
        return self.stop is not None


class RunningAttempts:
    """A thread-safe register of held attempts."""

    def __init__(self) -> None:
        """Begin empty."""
        self._changed = threading.Condition()
        self._held: dict[AttemptKey, HeldAttempt] = {}

    def add(
        self,
        key: AttemptKey,
        *,
        started_at: datetime | None = None,
        generation: int = 0,
        handle: RunHandle | None = None,
    ) -> HeldAttempt:
        """Hold an attempt."""
        with self._changed:
            held = self._held[key] = HeldAttempt(
                key, started_at=started_at, generation=generation, handle=handle
            )
            return held

    def find(self, key: AttemptKey) -> HeldAttempt | None:
        """Return an attempt that is held."""
        with self._changed:
            return self._held.get(key)

    def note_handles(self, handles: Mapping[AttemptKey, RunHandle]) -> list[AttemptKey]:
        """Remember what runs can be found by; return those of which it was not known."""
        with self._changed:
            new = [held for key, held in self._held.items() if held.handle is None and key in handles]
            for held in new:
                held.handle = handles[held.key]
            return [held.key for held in new]

    def attachable(self) -> list[HeldAttempt]:
        """Return the attempts that run and that others could go on with."""
        with self._changed:
            return [held for held in self._held.values() if held.in_slot and held.handle is not None]

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

    def mark_stopped(self, stop: Stop, *, job: JobKey | None = None) -> list[AttemptKey]:
        """Give the attempts of a job, or all, a reason to stop; return those that had none yet."""
        with self._changed:
            marked = [
                held
                for key, held in self._held.items()
                if held.stop is None and held.in_slot and (job is None or key.job == job)
            ]
            for held in marked:
                held.stop = stop
            return [held.key for held in marked]

    def stopping(self) -> list[AttemptKey]:
        """Return the attempts that run although they have a reason to stop."""
        with self._changed:
            return [key for key, held in self._held.items() if held.in_slot and held.stop is not None]

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no slot is occupied; False when some still are after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(held.in_slot for held in self._held.values()), timeout_s
            )
