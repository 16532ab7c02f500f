"""All spares of one runtime, topped up by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic

import psutil
import structlog

from analysis_server.loop_thread import LoopThread
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.standby.precedence import those_that_give_way
from analysis_server.runtimes.standby.shelf import Shelf, SpareT, StandbyLimits
from analysis_server.runtimes.standing import PluginPlace, SpareCount, SpareRoom
from satellite.contracts.plugin_manifest import InputVia, PluginManifest

logger = structlog.get_logger(__name__)

CHECK_S = 1.0
CLOSE_TIMEOUT_S = 15.0
START_WAIT_S = 0.25
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
        self._shelves: dict[PluginPlace, Shelf[SpareT]] = {}
        self._closing: list[Shelf[SpareT]] = []
        """Shelves that were given up, of which something is left."""
        self._dropped: list[tuple[Shelf[SpareT], SpareT]] = []
        self._room: SpareRoom | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, request: RunRequest, *, is_stopped: Callable[[], bool] = lambda: False) -> SpareT | None:
        """Return a spare for a job, None if there is none; the next ones are started in the background."""
        if not has_spares(request.manifest):
            return None
        with self._lock:
            self._hear(request.spare_room)
            shelf = self._shelves.setdefault(request.place, Shelf(request))
            shelf.used_at = time.monotonic()
            spare = self._take_usable(shelf)
            self._keep()
            self._changed.notify_all()
            if spare is None and shelf.standing > self._room_at(request.place):
                spare = self._wait_for_one(shelf, is_stopped)
            return spare

    def waiting(self) -> int:
        """Return how many spares there are."""
        with self._lock:
            return sum(len(shelf.spares) for shelf in self._shelves.values())

    def standing(self, room: SpareRoom | None = None) -> list[SpareCount]:
        """Return what there is, after having been told where spares may be."""
        with self._lock:
            self._hear(room)
            self._changed.notify_all()
            return [shelf.describe() for shelf in (*self._shelves.values(), *self._closing)]

    def trim(self, places: Sequence[PluginPlace], room: SpareRoom, *, timeout_s: float) -> list[PluginPlace]:
        """Drop what is beyond `room` at these places; return where that is done and nothing is left of it."""
        with self._lock:
            self._hear(room)
            for place in places:
                if (shelf := self._shelves.get(place)) is not None:
                    while shelf.spares and shelf.staying > self._room_at(place):
                        self._drop(shelf)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not any(map(self._is_over, places)), timeout_s)
            return [place for place in places if not self._is_over(place)]

    def close(self) -> None:
        """Discard all spares."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _hear(self, room: SpareRoom | None) -> None:
        if room is not None and (self._room is None or room.serial > self._room.serial):
            self._room = room

    def _room_at(self, place: PluginPlace) -> int:
        return self._limits.spares_max if self._room is None else self._room.counts.get(place, 0)

    def _is_over(self, place: PluginPlace) -> bool:
        shelves = [shelf for shelf in (*self._shelves.values(), *self._closing) if shelf.place == place]
        return sum(shelf.standing for shelf in shelves) > self._room_at(place)

    def _wait_for_one(self, shelf: Shelf[SpareT], is_stopped: Callable[[], bool]) -> SpareT | None:
        """Wait for a spare that is being started or ended, because the job was given the room of that one."""
        shelf.awaited += 1
        try:
            spare = None
            while spare is None and shelf.standing > self._room_at(shelf.place) and not is_stopped():
                self._changed.wait(START_WAIT_S)
                spare = self._take_usable(shelf)
            return spare
        finally:
            shelf.awaited -= 1

    def _take_usable(self, shelf: Shelf[SpareT]) -> SpareT | None:
        while shelf.spares:
            if shelf.spares[0].usable():
                shelf.note_start()
                return shelf.spares.popleft()
            shelf.note_failure()
            self._drop(shelf)
        return None

    def _drop(self, shelf: Shelf[SpareT]) -> None:
        """Give the oldest spare of a shelf to the thread, which discards it."""
        self._dropped.append((shelf, shelf.spares.popleft()))
        shelf.ending += 1

    def _give_up(self, shelf: Shelf[SpareT]) -> None:
        del self._shelves[shelf.place]
        while shelf.spares:
            self._drop(shelf)
        if shelf.standing:
            self._closing.append(shelf)

    def _keep(self) -> None:
        if self._thread is None and not self._closed:
            # Spares only save time, and what runs beside them is worth more.
            self._thread = LoopThread("standby", self._live)
            self._thread.start()

    def _live(self) -> None:
        while True:
            with self._lock:
                self._tidy()
                wanting = self._next_with_room()
                dropped, self._dropped = self._dropped, []
                if not dropped and wanting is None:
                    if self._closed:
                        return
                    self._changed.wait(self._patience_s())
                    continue
                if wanting is not None:
                    wanting.starting += 1
            for shelf, spare in dropped:
                self._discard(shelf, spare)
            if wanting is not None:
                self._top_up(wanting)

    def _tidy(self) -> None:
        """Drop what is not used any more, and the least recently used when memory is short."""
        unused_since = time.monotonic() - self._limits.idle_ttl_s
        for shelf in list(self._shelves.values()):
            if self._closed or shelf.used_at < unused_since:
                self._give_up(shelf)
                continue
            dead = [spare for spare in shelf.spares if not spare.usable()]
            if dead:
                shelf.note_failure()
                shelf.spares = deque([*dead, *(spare for spare in shelf.spares if spare not in dead)])
                for _ in dead:
                    self._drop(shelf)
        filled = [shelf for shelf in self._shelves.values() if shelf.spares]
        if filled and not self._has_memory(0):
            self._drop(min(filled, key=lambda shelf: shelf.used_at))

    def _patience_s(self) -> float | None:
        """Return when to look again without having been called."""
        if not self._shelves:
            return None
        return min(CHECK_S, *(shelf.due_in_s() for shelf in self._shelves.values()))

    def _next_with_room(self) -> Shelf[SpareT] | None:
        """Return who may start a spare now; drop one that gives way where only room is missing."""
        wanting = [shelf for shelf in self._shelves.values() if shelf.wants(self._room_at(shelf.place))]
        shelf = max(wanting, key=lambda each: each.used_at, default=None)
        if self._closed or shelf is None:
            return None
        if self._has_room_for(shelf):
            return shelf
        filled = [each for each in self._shelves.values() if each.spares]
        for older in those_that_give_way(filled, wanted_at=shelf.used_at)[:1]:
            self._drop(older)
        return None

    def _has_room_for(self, shelf: Shelf[SpareT]) -> bool:
        standing = sum(each.standing for each in (*self._shelves.values(), *self._closing))
        memory_mib = shelf.template.manifest.resources.memory_mib
        return standing < self._limits.spares_max and self._has_memory(memory_mib)

    def _has_memory(self, memory_mib: int) -> bool:
        return bool(psutil.virtual_memory().available / MIB >= self._limits.memory_reserve_mib + memory_mib)

    def _top_up(self, shelf: Shelf[SpareT]) -> None:
        try:
            spare = self._start(shelf.template)
        except Exception as error:  # noqa: BLE001 - a job that needs it will tell what is wrong
            logger.warning("no spare", plugin=shelf.template.manifest.name, error=str(error))
            with self._lock:
                shelf.starting -= 1
                shelf.note_failure()
                self._note_change(shelf)
            return
        with self._lock:
            has_room = shelf.staying <= self._room_at(shelf.place) + shelf.awaited
            shelf.starting -= 1
            if has_room and self._shelves.get(shelf.place) is shelf:
                shelf.spares.append(spare)
                self._note_change(shelf)
                return
            shelf.ending += 1
        self._discard(shelf, spare)

    def _discard(self, shelf: Shelf[SpareT], spare: SpareT) -> None:
        try:
            spare.discard()
        except Exception:
            logger.exception("spare not discarded")
        with self._lock:
            shelf.ending -= 1
            self._note_change(shelf)

    def _note_change(self, shelf: Shelf[SpareT]) -> None:
        if shelf in self._closing and not shelf.standing:
            self._closing.remove(shelf)
        self._changed.notify_all()
