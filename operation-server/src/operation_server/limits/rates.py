"""Counts in Redis how often somebody did something, for all processes together.

It is the generic cell rate algorithm (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm): of each
rate only the time is kept at which all of it will be free again, so one key and one script are enough.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from cachetools import TTLCache
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from satellite.contracts import redis_keys

WINDOW_S: Final = 60
ANSWER_WITHIN_S: Final = 1.0
PAUSE_S: Final = 1.0
"""After Redis did not answer nothing is counted for so long, so that few requests wait for it."""
CREDIT_SHARE: Final = 600
"""A process takes this part of a rate at once, a tenth of a second's worth, and asks again when it is gone.

To ask costs an API process 0.35 ms of its CPU (2026-11-29), much of what a request costs otherwise.
"""
CREDIT_S: Final = 1.0
"""What is not used within this is lost to everybody, so a rate is never exceeded."""
MOST_CREDITS: Final = 10_000

# Either all rates have room or nothing is taken from any. What costs more than a rate's whole quantity needs
# all of it, and is paid off afterwards. Times are in microseconds and beyond the 14 digits that Lua writes of
# its own accord.
TAKE: Final = """
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local cost = tonumber(ARGV[1])
    local free_at, rooms, waits, refused = redis.call('MGET', unpack(KEYS)), {}, {}, false
    for i = 1, #KEYS do
        local quantity, each = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
        free_at[i] = math.max(tonumber(free_at[i] or 0), now)
        rooms[i] = quantity - (free_at[i] - now) / each
        waits[i] = math.max(0, math.ceil((math.min(cost, quantity) - rooms[i]) * each - 0.5))
        refused = refused or waits[i] > 0
    end
    local standings = {}
    for i = 1, #KEYS do
        local each, wanted = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
        local taken = refused and 0 or math.max(cost, math.min(wanted, math.floor(rooms[i])))
        if taken > 0 then
            free_at[i] = free_at[i] + taken * each
            local ttl_ms = math.ceil((free_at[i] - now) / 1000) + 1
            redis.call('SET', KEYS[i], string.format('%.0f', free_at[i]), 'PX', string.format('%.0f', ttl_ms))
        end
        local left = math.max(0, math.floor(rooms[i] - taken + 0.000001))
        standings[i] = {taken, left, math.ceil(free_at[i] - now), waits[i]}
    end
    return standings
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of something somebody may do a minute; as many at once, and the rest as time goes on."""

    name: str
    """What `RateLimit` calls it."""
    what: str
    """What is counted, in words."""
    who: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How much of a rate is left."""

    rate: Rate
    remaining: int
    reset_s: float
    """Until all of it is free again."""
    wait_s: float = 0
    """Until what was refused has room; 0 when it was not for want of this rate."""


@dataclass(slots=True)
class Credit:
    """What a process has taken ahead, and what the rate had left then."""

    left: int
    standing: Standing

    def spent(self, cost: int) -> Standing:
        """Use some of it, and return how the rate stands."""
        self.left -= cost
        return replace(self.standing, remaining=self.standing.remaining + self.left)


class Rates:
    """Takes from rates; while Redis does not answer everything has room, and a log line says so."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url,
            socket_connect_timeout=ANSWER_WITHIN_S,
            socket_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = self._redis.register_script(TAKE)
        self._credits: TTLCache[Rate, Credit] = TTLCache(MOST_CREDITS, ttl=CREDIT_S)
        self._asks_again_at = 0.0

    async def take(self, rates: Sequence[Rate], *, cost: int = 1) -> list[Standing]:
        """Take from all rates, or from none when one has no room: that one has a `wait_s`.

        Returns nothing while Redis does not answer.
        """
        if time.monotonic() < self._asks_again_at:
            return []
        standings = {rate: credit.spent(cost) for rate in rates if (credit := self._credit(rate, cost))}
        asked = [rate for rate in rates if rate not in standings]
        if not asked:
            return list(standings.values())
        answered = await self._ask(asked, cost)
        if any(standing.wait_s for standing in answered):
            for rate in standings:
                self._give_back(rate, cost)
        standings |= {standing.rate: standing for standing in answered}
        return [standings[rate] for rate in rates if rate in standings]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _ask(self, rates: Sequence[Rate], cost: int) -> list[Standing]:
        arguments: list[int | float] = [cost]
        for rate in rates:
            arguments += [rate.quantity, WINDOW_S * 1_000_000 / rate.quantity, rate.quantity // CREDIT_SHARE]
        try:
            answers = await self._take(
                keys=[redis_keys.rate(rate.name, rate.who) for rate in rates], args=arguments
            )
        except (RedisError, OSError) as error:
            self._asks_again_at = time.monotonic() + PAUSE_S
            log.warning("nothing is counted against rate limits", error=str(error))
            return []
        return [self._note(rate, cost, answer) for rate, answer in zip(rates, answers, strict=True)]

    def _note(self, rate: Rate, cost: int, answer: Sequence[int]) -> Standing:
        taken, left, reset_us, wait_us = answer
        standing = Standing(rate=rate, remaining=left, reset_s=reset_us / 1e6, wait_s=wait_us / 1e6)
        ahead = taken - cost
        if ahead <= 0:
            return standing
        known = self._credits.get(rate)
        credit = self._credits[rate] = Credit(ahead + (known.left if known else 0), standing)
        return credit.spent(0)

    def _credit(self, rate: Rate, cost: int) -> Credit | None:
        credit = self._credits.get(rate)
        return credit if credit is not None and credit.left >= cost else None

    def _give_back(self, rate: Rate, cost: int) -> None:
        credit = self._credits.get(rate)
        if credit is not None:
            credit.left += cost
