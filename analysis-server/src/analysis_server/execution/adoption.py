"""Adoption: this worker goes on with runs of its engine that a dead worker has left, often it itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from pydantic import ValidationError
from redis import Redis

from analysis_server.execution.running import HeldAttempt, RunningAttempts
from analysis_server.reporting.leases import LEASE_TTL_S
from satellite.contracts import redis_keys
from satellite.contracts.adoption import AdoptionOffer

LOOK_EVERY_S = 1.0

# One round trip. KEYS: offers, lease. ARGV: field, the offer as it was read, worker, time to live in seconds.
# Another offer for the same attempt has a later generation, and is looked at when it is read.
TAKE: Final = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[3] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
return 1
"""

logger = structlog.get_logger(__name__)


class OfferBoard:
    """The offers of the operation server in Redis, by the places where their runs are."""

    def __init__(self, redis: Redis, *, worker: str) -> None:
        """Take offers for one worker."""
        self._redis = redis
        self._take = redis.register_script(TAKE)
        self._worker = worker

    def read(self, place: str) -> list[tuple[AdoptionOffer, bytes | str]]:
        """Return the offers for a place, each with its text; one that is not understood is left to others."""
        offers = []
        for text in self._redis.hvals(redis_keys.adoption_offers(place)):
            try:
                offers.append((AdoptionOffer.model_validate_json(text), text))
            except ValidationError as error:
                logger.warning("offer not understood", error=str(error))
        return offers

    def take(self, offer: AdoptionOffer, text: bytes | str) -> bool:
        """Take an offer and the lease of its attempt; False when another worker was faster."""
        keys = [redis_keys.adoption_offers(offer.handle.place), redis_keys.lease(offer.key)]
        field = redis_keys.adoption_field(offer.key)
        return bool(self._take(keys=keys, args=[field, text, self._worker, LEASE_TTL_S]))


class Adoptions:
    """Takes what is offered, each on a thread of its own: these runs must not wait for a free slot."""

    def __init__(
        self,
        *,
        board: OfferBoard,
        running: RunningAttempts,
        place: Callable[[], str | None],
        is_leaving: Callable[[], bool],
        adopt: Callable[[AdoptionOffer], object],
        runs_max: int,
    ) -> None:
        """Adopt nothing yet; `adopt` goes on with a run to its end."""
        self._board = board
        self._running = running
        self._place = place
        self._is_leaving = is_leaving
        self._adopt = adopt
        self._runs_max = runs_max
        self._threads: set[threading.Thread] = set()

    def look(self) -> None:
        """Take what is offered for the place of this worker, as far as there is room for it.

        Raises:
            RedisError: Redis does not answer.
        """
        place = self._place()
        if place is None or self._is_leaving():
            return
        for offer, text in self._board.read(place):
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            held = self._running.find(offer.key)
            if held is not None and held.in_slot:
                self._keep(held, offer, text)
            elif held is None and len(self._threads) < self._runs_max and self._board.take(offer, text):
                self._begin(offer)

    def wait(self, timeout_s: float) -> None:
        """Wait until the adopted runs have ended; they do once they are stopped."""
        deadline_s = time.monotonic() + timeout_s
        for thread in list(self._threads):
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _keep(self, held: HeldAttempt, offer: AdoptionOffer, text: bytes | str) -> None:
        # It was believed to be lost and is not: its outcome must count, so it is of the new generation.
        if self._board.take(offer, text):
            logger.info("own attempt taken back", attempt=offer.key, generation=offer.generation)
            held.generation = offer.generation
            held.handle_told_at_s = None

    def _begin(self, offer: AdoptionOffer) -> None:
        logger.info("attempt adopted", attempt=offer.key, generation=offer.generation)
        thread = threading.Thread(
            target=self._run, args=(offer,), name=f"adopted-{offer.job_id}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _run(self, offer: AdoptionOffer) -> None:
        try:
            self._adopt(offer)
        except Exception:
            # Its lease runs out, and it is offered again or lost.
            logger.exception("adopted attempt not reported", attempt=offer.key)
