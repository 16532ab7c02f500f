"""The runs of an executor that another process could go on with by now."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle

TOLD_AFTER_S = 1.0
"""Most runs have ended by then, and nothing is told of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachable:
    """What a worker is told: where runs of its executor can be found, and those that can."""

    place: str | None = None
    handles: Mapping[AttemptKey, RunHandle] = field(default_factory=dict)


class AttachableRuns:
    """Remembers handles for as long as their runs last. Safe to use from any thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._handles: dict[AttemptKey, tuple[float, RunHandle]] = {}

    def add(self, key: AttemptKey, handle: RunHandle) -> None:
        """Note that a run could be attached to from now on."""
        with self._lock:
            self._handles[key] = (time.monotonic(), handle)

    def discard(self, key: AttemptKey) -> None:
        """Note that a run has ended."""
        with self._lock:
            self._handles.pop(key, None)

    def lasting(self) -> dict[AttemptKey, RunHandle]:
        """Return those that have been so for a while."""
        latest = time.monotonic() - TOLD_AFTER_S
        with self._lock:
            return {key: handle for key, (since, handle) in self._handles.items() if since <= latest}
