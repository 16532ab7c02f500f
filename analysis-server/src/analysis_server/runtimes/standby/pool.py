"""All spares of one runtime, topped up by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic

import structlog

from analysis_server.loop_thread import LoopThread
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.residents import ResidentKey, SpareAllowance, SpareCount
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.standby.spare_set import SpareSet, SpareT
from satellite.contracts.plugin_manifest import InputVia, PluginManifest

logger = structlog.get_logger(__name__)

CHECK_S = 1.0
CLOSE_TIMEOUT_S = 15.0
START_WAIT_S = 0.25


def has_spares(manifest: PluginManifest) -> bool:
    """Tell whether spares can be kept: an argument is given at the start, so it must be known before."""
    return manifest.standby > 0 and manifest.input_via is InputVia.STDIN


class StandbyPool(Generic[SpareT]):
    """Gives out spares, each once. Its thread also keeps alive what it started: they end with it."""

    def __init__(self, start: Callable[[RunRequest], SpareT], limits: StandbyLimits | None = None) -> None:
        """Start nothing yet, and no thread before the first plugin with spares is used."""
        self._start = start
        self._limits = limits or StandbyLimits()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._sets: dict[ResidentKey, SpareSet[SpareT]] = {}
        self._closing: list[SpareSet[SpareT]] = []
        """Sets that were given up, of which something is left."""
        self._dropped: list[tuple[SpareSet[SpareT], SpareT]] = []
        self._allowance: SpareAllowance | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, request: RunRequest, *, is_stopped: Callable[[], bool] = lambda: False) -> SpareT | None:
        """Return a spare for a job, None if there is none; the next ones are started in the background."""
        if not has_spares(request.manifest):
            return None
        with self._lock:
            self._hear(request.spare_allowance)
            spares = self._sets.setdefault(request.resident_key, SpareSet(request))
            spares.used_at = time.monotonic()
            spare = self._take_usable(spares)
            self._keep()
            self._changed.notify_all()
            if spare is None and self._exceeds(spares.present, request.resident_key):
                spare = self._wait_for_one(spares, is_stopped)
            return spare

    def waiting(self) -> int:
        """Return how many spares there are."""
        with self._lock:
            return sum(len(spares.spares) for spares in self._sets.values())

    def residents(self, allowance: SpareAllowance | None = None) -> list[SpareCount]:
        """Return what there is, after having been told where spares may be."""
        with self._lock:
            self._hear(allowance)
            self._changed.notify_all()
            return [spares.describe() for spares in (*self._sets.values(), *self._closing)]

    def trim(
        self, keys: Sequence[ResidentKey], allowance: SpareAllowance, *, timeout_s: float
    ) -> list[ResidentKey]:
        """Drop what is beyond the allowance of these keys; return those of which no more is left."""
        with self._lock:
            self._hear(allowance)
            for key in keys:
                if (spares := self._sets.get(key)) is not None:
                    while spares.spares and self._exceeds(spares.staying, key):
                        self._drop(spares)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not any(map(self._is_over, keys)), timeout_s)
            return [key for key in keys if not self._is_over(key)]

    def close(self) -> None:
        """Discard all spares."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _hear(self, allowance: SpareAllowance | None) -> None:
        if allowance is not None and (self._allowance is None or allowance.serial > self._allowance.serial):
            self._allowance = allowance

    def _allowed_of(self, key: ResidentKey) -> int | None:
        """Return how many may stand by, None for as many as wished, because nobody has said anything."""
        return None if self._allowance is None else self._allowance.counts.get(key, 0)

    def _exceeds(self, count: int, key: ResidentKey) -> bool:
        allowed = self._allowed_of(key)
        return allowed is not None and count > allowed

    def _is_over(self, key: ResidentKey) -> bool:
        sets = [each for each in (*self._sets.values(), *self._closing) if each.key == key]
        return self._exceeds(sum(each.present for each in sets), key)

    def _wait_for_one(self, spares: SpareSet[SpareT], is_stopped: Callable[[], bool]) -> SpareT | None:
        """Wait for a spare that is being started or ended, because the job was given the room of that one."""
        spares.awaited += 1
        try:
            spare = None
            while spare is None and self._exceeds(spares.present, spares.key) and not is_stopped():
                self._changed.wait(START_WAIT_S)
                spare = self._take_usable(spares)
            return spare
        finally:
            spares.awaited -= 1

    def _take_usable(self, spares: SpareSet[SpareT]) -> SpareT | None:
        while spares.spares:
            if spares.spares[0].usable():
                spares.note_start()
                return spares.spares.popleft()
            spares.note_failure()
            self._drop(spares)
        return None

    def _drop(self, spares: SpareSet[SpareT]) -> None:
        """Give the oldest spare of a set to the thread, which discards it."""
        self._dropped.append((spares, spares.spares.popleft()))
        spares.ending += 1

    def _give_up(self, spares: SpareSet[SpareT]) -> None:
        del self._sets[spares.key]
        while spares.spares:
            self._drop(spares)
        if spares.present:
            self._closing.append(spares)

    def _keep(self) -> None:
        if self._thread is None and not self._closed:
            # Spares only save time, and what runs beside them is worth more.
            self._thread = LoopThread("standby", self._live)
            self._thread.start()

    def _live(self) -> None:
        while True:
            with self._lock:
                self._tidy()
                wanting = self._next_to_start()
                dropped, self._dropped = self._dropped, []
                if not dropped and wanting is None:
                    if self._closed:
                        return
                    self._changed.wait(self._patience_s())
                    continue
                if wanting is not None:
                    wanting.starting += 1
            for spares, spare in dropped:
                self._discard(spares, spare)
            if wanting is not None:
                self._top_up(wanting)

    def _tidy(self) -> None:
        """Drop what is not used any more, or has ended by itself."""
        unused_since = time.monotonic() - self._limits.idle_ttl_s
        for spares in list(self._sets.values()):
            if self._closed or spares.used_at < unused_since:
                self._give_up(spares)
                continue
            dead = [spare for spare in spares.spares if not spare.usable()]
            if dead:
                spares.note_failure()
                spares.spares = deque([*dead, *(spare for spare in spares.spares if spare not in dead)])
                for _ in dead:
                    self._drop(spares)

    def _patience_s(self) -> float | None:
        """Return when to look again without having been called."""
        if not self._sets:
            return None
        return min(CHECK_S, *(spares.due_in_s() for spares in self._sets.values()))

    def _next_to_start(self) -> SpareSet[SpareT] | None:
        """Return who starts a spare now: of those that may, the one used last."""
        wanting = [spares for spares in self._sets.values() if spares.wants(self._allowed_of(spares.key))]
        latest = max(wanting, key=lambda each: each.used_at, default=None)
        if self._closed or latest is None:
            return None
        memory_mib = latest.template.manifest.resources.memory_mib
        return latest if self._limits.has_memory_for(memory_mib) else None

    def _top_up(self, spares: SpareSet[SpareT]) -> None:
        try:
            spare = self._start(spares.template)
        except Exception as error:  # noqa: BLE001 - a job that needs it will tell what is wrong
            logger.warning("no spare", plugin=spares.template.manifest.name, error=str(error))
            with self._lock:
                spares.starting -= 1
                spares.note_failure()
                self._note_change(spares)
            return
        with self._lock:
            is_too_many = self._exceeds(spares.staying - spares.awaited, spares.key)
            spares.starting -= 1
            if not is_too_many and self._sets.get(spares.key) is spares:
                spares.spares.append(spare)
                self._note_change(spares)
                return
            spares.ending += 1
        self._discard(spares, spare)

    def _discard(self, spares: SpareSet[SpareT], spare: SpareT) -> None:
        try:
            spare.discard()
        except Exception:
            logger.exception("spare not discarded")
        with self._lock:
            spares.ending -= 1
            self._note_change(spares)

    def _note_change(self, spares: SpareSet[SpareT]) -> None:
        if spares in self._closing and not spares.present:
            self._closing.remove(spares)
        self._changed.notify_all()
