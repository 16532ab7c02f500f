"""The spares of one plugin version."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Generic, Protocol, TypeVar

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.residents import ResidentKey, SpareCount

TOP_UP_DELAY_S = 0.25
"""A start costs more of the processors than most jobs, so it leaves the job that took the spare a lead."""

BACKOFF_S = 1.0
BACKOFF_MAX_S = 120.0


class Spare(Protocol):
    """A plugin that is started and waits for its input."""

    def usable(self) -> bool:
        """Tell whether it still waits."""

    def discard(self) -> None:
        """End it and leave nothing of it."""


SpareT = TypeVar("SpareT", bound=Spare)


class SpareSet(Generic[SpareT]):
    """How many spares a plugin wants and which it has. Guarded by the pool's lock."""

    def __init__(self, request: RunRequest) -> None:
        """Begin empty; of the request all is kept but the job."""
        self.template = request.without_job()
        self.spares: deque[SpareT] = deque()
        self.starting = 0
        self.ending = 0
        self.awaited = 0
        """How many jobs wait for one that is being started or ended."""
        self.used_at = time.monotonic()
        self._failures = 0
        self._not_before = 0.0
        self._lacking_since: float | None = None

    @property
    def key(self) -> ResidentKey:
        """Return whose spares these are."""
        return self.template.resident_key

    @property
    def present(self) -> int:
        """Return how many there are, those included that start or end."""
        return self.staying + self.ending

    @property
    def staying(self) -> int:
        """Return how many there will be once those that end have ended."""
        return len(self.spares) + self.starting

    def wants(self, allowed: int | None) -> bool:
        """Tell whether one more is to be started now, where so many are allowed, or None for any number."""
        wished = self.template.manifest.standby
        if self.present >= (wished if allowed is None else min(wished, allowed)):
            self._lacking_since = None
            return False
        now = time.monotonic()
        if self._lacking_since is None:
            self._lacking_since = now
        return now >= max(self._not_before, self._lacking_since + TOP_UP_DELAY_S)

    def due_in_s(self) -> float:
        """Return how long until one more may be started, infinity if that is not what it waits for."""
        if self._lacking_since is None:
            return math.inf
        left_s = self._lacking_since + TOP_UP_DELAY_S - time.monotonic()
        return left_s if left_s > 0 else math.inf

    def describe(self) -> SpareCount:
        """Tell what it has."""
        manifest = self.template.manifest
        return SpareCount(
            key=self.key,
            name=manifest.name,
            version=manifest.version,
            ready=len(self.spares),
            memory_mib=manifest.resources.memory_mib,
        )

    def note_start(self) -> None:
        """Forget failures: a start went well."""
        self._failures = 0

    def note_failure(self) -> None:
        """Put off the next start, because one failed or a spare ended unused."""
        self._failures += 1
        self._not_before = time.monotonic() + min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(self._failures, 30))
