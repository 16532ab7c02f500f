"""All spares of one runtime, topped up by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic

import psutil
import structlog

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.standby.shelf import Shelf, ShelfKey, SpareT, StandbyLimits
from satellite.contracts.plugin_manifest import InputVia, PluginManifest

logger = structlog.get_logger(__name__)

CHECK_S = 1.0
CLOSE_TIMEOUT_S = 15.0
MIB = 1024 * 1024


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
        self._shelves: dict[ShelfKey, Shelf[SpareT]] = {}
        self._dropped: list[SpareT] = []
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, request: RunRequest) -> SpareT | None:
        """Return a spare for a job, None if there is none; the next ones are started in the background."""
        wanted = has_spares(request.manifest)
        if not wanted and not self._shelves:
            return None
        key = (request.plugin_digest, request.gpu_ids)
        with self._lock:
            self._drop_other_versions(request)
            if not wanted:
                self._changed.notify()
                return None
            shelf = self._shelves.setdefault(key, Shelf(request))
            shelf.used_at = time.monotonic()
            spare = self._take_usable(shelf)
            self._keep()
            self._changed.notify()
        return spare

    def waiting(self) -> int:
        """Return how many spares there are."""
        with self._lock:
            return sum(len(shelf.spares) for shelf in self._shelves.values())

    def close(self) -> None:
        """Discard all spares."""
        with self._lock:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _take_usable(self, shelf: Shelf[SpareT]) -> SpareT | None:
        while shelf.spares:
            spare = shelf.spares.popleft()
            if spare.usable():
                shelf.note_start()
                return spare
            shelf.note_failure()
            self._dropped.append(spare)
        return None

    def _drop_other_versions(self, request: RunRequest) -> None:
        for key, shelf in list(self._shelves.items()):
            if shelf.template.manifest.name == request.manifest.name and key[0] != request.plugin_digest:
                self._drop(key)

    def _drop(self, key: ShelfKey) -> None:
        self._dropped += self._shelves.pop(key).spares

    def _keep(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._live, name="standby", daemon=True)
            self._thread.start()

    def _live(self) -> None:
        while True:
            with self._lock:
                self._tidy()
                dropped, self._dropped = self._dropped, []
                wanting = self._next_wanting()
                if not dropped and wanting is None:
                    if self._closed:
                        return
                    self._changed.wait(CHECK_S if self._shelves else None)
                    continue
            for spare in dropped:
                self._discard(spare)
            if wanting is not None:
                self._top_up(wanting)

    def _tidy(self) -> None:
        """Drop what is not used any more, and the least recently used when memory is short."""
        unused_since = time.monotonic() - self._limits.idle_ttl_s
        for key, shelf in list(self._shelves.items()):
            if self._closed or shelf.used_at < unused_since:
                self._drop(key)
                continue
            dead = [spare for spare in shelf.spares if not spare.usable()]
            if dead:
                shelf.note_failure()
                shelf.spares = deque(spare for spare in shelf.spares if spare not in dead)
                self._dropped += dead
        filled = sorted(
            (each for each in self._shelves.values() if each.spares), key=lambda each: each.used_at
        )
        if filled and not self._has_memory(0):
            self._dropped.append(filled[0].spares.pop())

    def _next_wanting(self) -> Shelf[SpareT] | None:
        if (
            self._closed
            or sum(len(each.spares) for each in self._shelves.values()) >= self._limits.spares_max
        ):
            return None
        wanting = [shelf for shelf in self._shelves.values() if shelf.wanting]
        shelf = max(wanting, key=lambda each: each.used_at, default=None)
        if shelf is None or not self._has_memory(shelf.template.manifest.resources.memory_mib):
            return None
        return shelf

    def _has_memory(self, memory_mib: int) -> bool:
        return bool(psutil.virtual_memory().available / MIB >= self._limits.memory_reserve_mib + memory_mib)

    def _top_up(self, shelf: Shelf[SpareT]) -> None:
        try:
            spare = self._start(shelf.template)
        except Exception as error:  # noqa: BLE001 - a job that needs it will tell what is wrong
            logger.warning("no spare", plugin=shelf.template.manifest.name, error=str(error))
            with self._lock:
                shelf.note_failure()
            return
        with self._lock:
            if shelf in self._shelves.values():
                shelf.spares.append(spare)
                return
        self._discard(spare)

    @staticmethod
    def _discard(spare: SpareT) -> None:
        try:
            spare.discard()
        except Exception:
            logger.exception("spare not discarded")
