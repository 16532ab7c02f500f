"""Gives a job its cards: all it wants or none, and in the order in which jobs came."""

import os
import time
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import card_listing, card_locks, locks
from analysis_server.connector.remote.card_listing import Card
from analysis_server.connector.remote.errors import Ended
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.vigil import Vigil
from analysis_server.connector.remote.waiting_line import Place

LOOK_EVERY_S = 0.5
# To ask for cards takes some hundred milliseconds of a driver that others use too.
ASK_EVERY_S = 2.0


class Grant:
    """The cards of a job; `visible` of None leaves to the launcher which ones the job sees."""

    def __init__(self, visible: Optional[List[str]], held: List[locks.Held]) -> None:
        """Take the cards and their locks."""
        self.visible = visible
        self.shown = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if visible is None else visible
        self.shown = [card for card in self.shown if card]
        self.fds = [lock.fd for lock in held]


def wait_for_cards(job: JobFolder, request: Dict[str, Any], vigil: Vigil) -> Grant:
    """Return the cards of a job when it is its turn; raises `Ended` if this host never has such."""
    if request["launcher"]["kind"] != "builtin":
        return Grant(None, [])
    if request["gpus"] == 0:
        return Grant([], [])
    line = Line(job.base, job.name, {"gpus": request["gpus"], "memory_mib": request["gpu_memory_mib"] or 0})
    try:
        while True:
            grant = line.try_grant()
            if grant is not None:
                return grant
            vigil.pause(LOOK_EVERY_S)
    finally:
        line.leave()


def refuse_what_never_fits(wants: Dict[str, Any], cards: List[Card]) -> None:
    """Raise `Ended` if this host would not have such cards even with nobody else on it."""
    able = [card for card in cards if card.memory_mib >= wants["memory_mib"]]
    if len(able) < wants["gpus"]:
        asked = "%d cards of %d MiB" % (wants["gpus"], wants["memory_mib"])
        raise Ended("cards", "The job wants %s, of which this host has %d." % (asked, len(able)))


class Line:
    """A job that waits for its turn; the driver is asked only when the locks say that it could be now."""

    def __init__(self, base: str, name: str, wants: Dict[str, Any]) -> None:
        """Go to the end of the line; raises `Ended` if waiting would be in vain."""
        self._base, self._name, self._wants = base, name, wants
        self._cards = card_listing.list_cards()
        self._next_asking = 0.0
        refuse_what_never_fits(wants, self._cards)
        self._place = Place(base, name, wants)
        self.leave = self._place.leave

    def try_grant(self) -> Optional[Grant]:
        """Return the cards if they can be had now."""
        with locks.taken(os.path.join(card_locks.folder(self._base), "granting"), wait_s=0) as is_ours:
            if (
                not is_ours
                or time.monotonic() < self._next_asking
                or len(self._unlocked(self._cards)) < self._wants["gpus"]
            ):
                return None
            self._next_asking = time.monotonic() + ASK_EVERY_S
            free = [card for card in self._unlocked(card_listing.list_cards()) if self._is_idle(card)]
            return self._take(free[: self._wants["gpus"]])

    def _unlocked(self, cards: List[Card]) -> List[Card]:
        """Return the cards that no job has, and that nobody who came earlier could take."""
        before = self._place.before()
        wanted = [
            card for card in cards if not any(card.memory_mib >= earlier["memory_mib"] for earlier in before)
        ]
        return [card for card in wanted if card_locks.is_free(self._base, card.uuid)]

    def _is_idle(self, card: Card) -> bool:
        return not card.pids and card.memory_mib - card.memory_used_mib >= self._wants["memory_mib"]

    def _take(self, cards: List[Card]) -> Optional[Grant]:
        if len(cards) < self._wants["gpus"]:
            return None
        uuids = [card.uuid for card in cards]
        held = card_locks.take_all(self._base, uuids, self._name)
        return None if held is None else Grant(uuids, held)
