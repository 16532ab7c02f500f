"""The claim: of all deliveries of an attempt, the first one wins and no other runs anything."""

from __future__ import annotations

import time
from enum import StrEnum

import structlog
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.reporting.leases import LEASE_TTL_S
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey

CLAIM_TTL_S = 900
"""Longer than any second delivery takes: the broker restores unacknowledged messages after 60 s."""
GIVE_UP_AFTER_S = 15.0
"""Shorter than the operation server waits for a start."""
RETRY_S = 0.5

# One round trip. KEYS: cancel, claim, lease, newest attempt. ARGV: worker, claim's and lease's time to live
# in seconds, attempt. Stale before cancelled: of an attempt that is over nobody waits to hear.
CLAIM = """
local newest = redis.call('GET', KEYS[4])
if newest and tonumber(newest) > tonumber(ARGV[4]) then return 'stale' end
if redis.call('EXISTS', KEYS[1]) == 1 then return 'cancelled' end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2]) then return 'duplicate' end
redis.call('SET', KEYS[3], ARGV[1], 'EX', ARGV[3])
return 'won'
"""

logger = structlog.get_logger(__name__)


class ClaimResult(StrEnum):
    """What came of a claim."""

    WON = "won"
    DUPLICATE = "duplicate"
    """Somebody has claimed this very attempt before."""
    STALE = "stale"
    """The job has a newer attempt."""
    CANCELLED = "cancelled"
    """The job shall not run."""
    UNKNOWN = "unknown"
    """Redis did not answer for so long that the attempt is left to the operation server."""


class ClaimStore:
    """Claims attempts for one worker."""

    def __init__(self, redis: Redis, *, worker: str) -> None:
        """Use `redis` from any thread."""
        self._script = redis.register_script(CLAIM)
        self._worker = worker

    def claim(self, key: AttemptKey) -> ClaimResult:
        """Claim an attempt and take its lease; tries again while Redis is away."""
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        while True:
            try:
                return self._claim(key)
            except (RedisError, OSError) as error:
                if time.monotonic() > deadline:
                    logger.warning("claim given up", attempt=key, error=str(error))
                    return ClaimResult.UNKNOWN
                time.sleep(RETRY_S)

    def _claim(self, key: AttemptKey) -> ClaimResult:
        keys = [
            redis_keys.cancel(key.job),
            redis_keys.claim(key),
            redis_keys.lease(key),
            redis_keys.newest_attempt(key.job),
        ]
        answer = self._script(keys=keys, args=[self._worker, CLAIM_TTL_S, LEASE_TTL_S, key.attempt])
        return ClaimResult(answer.decode() if isinstance(answer, bytes) else answer)
