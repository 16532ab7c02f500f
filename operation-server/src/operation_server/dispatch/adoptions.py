"""Adoptions: runs whose worker is gone are offered to the workers of their engine, for a while.

An offer stands in Redis until it is taken; who takes it takes the lease in the same step. So one that is gone
while nobody holds the lease was taken by somebody who has died since, or went with all that Redis held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from redis.asyncio import Redis

from operation_server.database.engine import AsyncEngine
from operation_server.dispatch.attempt_grants import AttemptGrants
from operation_server.jobs.transitions import VersionCatalog, offer_adoption
from operation_server.metrics.recording import attempts_repaired
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.identity import AttemptKey

OFFERS_TTL_S = 86_400

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A running attempt that nobody holds the lease of, and by whose handle somebody could go on with it."""

    key: AttemptKey
    place: str
    generation: int
    offered_s: float | None
    """How long ago it was offered, None if it was not since a worker has last told of it."""
    only_its_place_may_end_it: bool = False
    """It is offered for as long as it takes: only there can be seen whether it still runs."""


class Adoptions:
    """Offers orphans, and tells which of them nobody will go on with."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        redis: Redis,
        settings: DispatchSettings,
        granting: AttemptGrants | None = None,
    ) -> None:
        self._engine = engine
        self._redis = redis
        self._settings = settings
        self._granting = granting
        self._catalog = VersionCatalog()

    async def place(self, orphans: Sequence[Orphan]) -> list[AttemptKey]:
        """Offer what is not offered yet; return the attempts that are to be given up.

        Raises:
            RedisError: Redis does not answer.
        """
        if not orphans:
            return []
        to_offer: list[AttemptKey] = []
        given_up: list[AttemptKey] = []
        for one, (is_offered, is_held) in zip(orphans, await self._look(orphans), strict=True):
            if is_held:
                continue
            if is_offered:
                if self._is_over(one) and await self._withdraw(one):
                    given_up.append(one.key)
            elif self._may_be_offered(one):
                to_offer.append(one.key)
            else:
                given_up.append(one.key)
        await self._offer(to_offer)
        if given_up:
            # Nobody will go on with them, so janitors may take what is left.
            await self._redis.delete(*map(redis_keys.adoptable, given_up))
        return given_up

    def _may_be_offered(self, one: Orphan) -> bool:
        if one.only_its_place_may_end_it:
            return True
        return bool(self._settings.adoption_timeout_s) and one.generation < self._settings.adoptions_max

    def _is_over(self, one: Orphan) -> bool:
        if one.only_its_place_may_end_it:
            return False
        return one.offered_s is not None and one.offered_s > self._settings.adoption_timeout_s

    async def _look(self, orphans: Sequence[Orphan]) -> list[tuple[bool, bool]]:
        """Return for each whether its offer stands, and whether somebody holds its lease by now."""
        # In one transaction: seen apart, one that is taken in between would be neither offered nor held.
        async with self._redis.pipeline(transaction=True) as pipeline:
            for one in orphans:
                pipeline.hexists(redis_keys.adoption_offers(one.place), redis_keys.adoption_field(one.key))
                pipeline.exists(redis_keys.lease(one.key))
            found = [bool(each) for each in await pipeline.execute()]
        return list(zip(found[::2], found[1::2], strict=True))

    async def _withdraw(self, one: Orphan) -> bool:
        """Take an offer back; False when somebody has just taken it."""
        offers = redis_keys.adoption_offers(one.place)
        return bool(await self._redis.hdel(offers, redis_keys.adoption_field(one.key)))

    def _granted(self, offer: AdoptionOffer) -> AdoptionOffer:
        if self._granting is None:
            return offer
        grant = self._granting.of_artifacts(offer.key, timeout_s=offer.timeout_s)
        return offer.model_copy(update={"artifacts_grant": grant})

    async def _offer(self, keys: Sequence[AttemptKey]) -> None:
        if not keys:
            return
        async with self._engine.begin() as connection:
            offers = await connection.run_sync(partial(offer_adoption, catalog=self._catalog), keys)
        # After the commit. What dies in between leaves an attempt that looks as if its offer were taken.
        async with self._redis.pipeline(transaction=False) as pipeline:
            for offer in map(self._granted, offers):
                name = redis_keys.adoption_offers(offer.handle.place)
                pipeline.hset(name, redis_keys.adoption_field(offer.key), offer.model_dump_json())
                pipeline.expire(name, OFFERS_TTL_S)
            await pipeline.execute()
        attempts_repaired("offered for adoption", len(offers))
        log.info("attempts offered for adoption", count=len(offers), first=keys[0])
