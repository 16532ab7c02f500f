"""Leases: a worker's live claims, renewed as long as it holds an attempt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from redis import Redis

from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey

LEASE_TTL_S = 15
RENEW_EVERY_S = 5.0
ADOPTABLE_TTL_S = 900
"""Longer than the operation server waits for an adopter; it takes the key back when it waits no more."""
HANDOVER_TTL_S = 20
"""From handing the outcome to the broker until the operation server has applied it and deletes the lease."""


class LeaseKeeper:
    """Renews the leases of all held attempts by writing them anew, so that they come back after a flush."""

    def __init__(
        self,
        redis: Redis,
        *,
        worker: str,
        held: Callable[[], Sequence[AttemptKey]],
        attachable: Callable[[], Sequence[AttemptKey]] = lambda: (),
    ) -> None:
        """Ask at each renewal what is `held`, and what of it others could go on with."""
        self._redis = redis
        self._worker = worker
        self._held = held
        self._attachable = attachable

    def renew(self) -> None:
        """Write every lease anew.

        Raises:
            RedisError: Redis does not answer.
        """
        self._set(self._held(), LEASE_TTL_S)
        self.keep_adoptable(self._attachable())

    def keep_adoptable(self, keys: Sequence[AttemptKey]) -> None:
        """Let janitors leave alone what belongs to these attempts, also when nobody holds their leases."""
        if not keys:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.set(redis_keys.adoptable(key), self._worker, ex=ADOPTABLE_TTL_S)
            pipeline.execute()

    def forget_adoptable(self, keys: Collection[AttemptKey]) -> None:
        """Let janitors take what is left of these attempts, which have ended."""
        if keys:
            self._redis.delete(*map(redis_keys.adoptable, keys))

    def hand_over(self, keys: Sequence[AttemptKey]) -> None:
        """Keep the leases once more, because the outcomes are on their way."""
        self._set(keys, HANDOVER_TTL_S)

    def let_go(self, keys: Sequence[AttemptKey]) -> None:
        """Give leases up before their time, so that others may go on at once."""
        if keys:
            self._redis.delete(*map(redis_keys.lease, keys))

    def live_attempts(self) -> set[AttemptKey]:
        """Return the attempts that any worker holds a lease of."""
        return self._attempts_of(redis_keys.LEASES)

    def _attempts_of(self, pattern: str) -> set[AttemptKey]:
        found = self._redis.scan_iter(match=pattern, count=1000)
        keys = (redis_keys.leased(name.decode() if isinstance(name, bytes) else name) for name in found)
        return {key for key in keys if key is not None}

    def adoptable_attempts(self) -> set[AttemptKey]:
        """Return the attempts that somebody may still go on with, whether or not a worker holds them."""
        return self._attempts_of(redis_keys.ADOPTABLE)

    def _set(self, keys: Sequence[AttemptKey], ttl_s: int) -> None:
        if not keys:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.set(redis_keys.lease(key), self._worker, ex=ttl_s)
            pipeline.execute()
