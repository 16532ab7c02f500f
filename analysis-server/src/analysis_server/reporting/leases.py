"""Leases: a worker's live claims, renewed as long as it holds an attempt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from redis import Redis

from analysis_server.runtimes.port import AttemptKey
from satellite.contracts import redis_keys

LEASE_TTL_S = 15
RENEW_EVERY_S = 5.0
HANDOVER_TTL_S = 20
"""From handing the outcome to the broker until the operation server has applied it and deletes the lease."""


class LeaseKeeper:
    """Renews the leases of all held attempts by writing them anew, so that they come back after a flush."""

    def __init__(self, redis: Redis, *, worker: str, held: Callable[[], Sequence[AttemptKey]]) -> None:
        """Ask `held` at each renewal."""
        self._redis = redis
        self._worker = worker
        self._held = held

    def renew(self) -> None:
        """Write every lease anew.

        Raises:
            RedisError: Redis does not answer.
        """
        self._set(self._held(), LEASE_TTL_S)

    def hand_over(self, keys: Sequence[AttemptKey]) -> None:
        """Keep the leases once more, because the outcomes are on their way."""
        self._set(keys, HANDOVER_TTL_S)

    def live_attempts(self) -> set[AttemptKey]:
        """Return the attempts that any worker holds a lease of."""
        prefix = redis_keys.lease(0, 0).removesuffix("0:0")
        keys = self._redis.scan_iter(match=f"{prefix}*", count=1000)
        return {_attempt_of(key, prefix) for key in keys}

    def _set(self, keys: Sequence[AttemptKey], ttl_s: int) -> None:
        if not keys:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for job_id, attempt in keys:
                pipeline.set(redis_keys.lease(job_id, attempt), self._worker, ex=ttl_s)
            pipeline.execute()


def _attempt_of(key: bytes | str, prefix: str) -> AttemptKey:
    text = key.decode() if isinstance(key, bytes) else key
    job_id, _, attempt = text.removeprefix(prefix).partition(":")
    return int(job_id), int(attempt)
