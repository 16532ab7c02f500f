"""The epoch of Redis: a token that is there as long as Redis has kept its data."""

from __future__ import annotations

import time
import uuid

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from satellite.contracts import redis_keys

SETTLE_S = 12.0
"""After a loss or an outage leases need this long to be back: they are renewed every 5 s."""

log = structlog.get_logger(__name__)


class EpochWatch:
    """Notices that Redis lost its data or was away, and says when leases tell the truth again."""

    def __init__(self, redis: Redis, *, settle_s: float = SETTLE_S) -> None:
        self._redis = redis
        self._settle_s = settle_s
        self._token: str | None = None
        self._settled_at_s = 0.0
        self._has_lost_data = False

    @property
    def leases_are_settled(self) -> bool:
        """Tell whether a missing lease means that nobody holds the attempt."""
        return time.monotonic() >= self._settled_at_s

    def take_loss(self) -> bool:
        """Return, once and only when leases are settled, that data was lost."""
        if not self._has_lost_data or not self.leases_are_settled:
            return False
        self._has_lost_data = False
        return True

    async def check(self) -> bool:
        """Look at the token; False while Redis does not answer."""
        try:
            found = await self._redis.get(redis_keys.EPOCH)
            if found is None:
                await self._begin_epoch()
            elif self._token is None:
                self._token = _text(found)
            elif _text(found) != self._token:
                self._token = _text(found)
                self._note_loss("another epoch")
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer", error=str(error))
            self._settled_at_s = time.monotonic() + self._settle_s
            return False
        return True

    async def _begin_epoch(self) -> None:
        self._token = uuid.uuid4().hex
        await self._redis.set(redis_keys.EPOCH, self._token)
        self._note_loss("no epoch")

    def _note_loss(self, reason: str) -> None:
        log.warning("Redis lost its data", reason=reason)
        self._has_lost_data = True
        self._settled_at_s = time.monotonic() + self._settle_s


def _text(token: bytes | str) -> str:
    return token.decode() if isinstance(token, bytes) else token
