"""Rates, counted in a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from operation_server.limits.rates import CREDIT_SHARE, Rate, Rates
from satellite.local.ports import find_free_port


@pytest.fixture
async def rates(redis_url: str) -> AsyncIterator[Rates]:
    rates = Rates(redis_url)
    yield rates
    await rates.aclose()


def rate(quantity: int, *, name: str = "user", who: str = "7") -> Rate:
    return Rate(name=name, what="requests", who=who, quantity=quantity)


async def scripts_run(redis_url: str) -> int:
    async with Redis.from_url(redis_url) as redis:
        return int((await redis.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0))


async def test_as_many_at_once_as_a_minute_has_and_then_none(rates: Rates) -> None:
    standings = [(await rates.take([rate(3)]))[0] for _ in range(4)]

    assert [one.remaining for one in standings] == [2, 1, 0, 0]
    assert [one.wait_s > 0 for one in standings] == [False, False, False, True]
    assert 15 < standings[3].wait_s <= 20
    assert 55 < standings[2].reset_s <= 60


async def test_it_comes_back_as_time_goes_on(rates: Rates) -> None:
    # Two a tenth of a second.
    fast = rate(1_200)
    await rates.take([fast], cost=1_200)
    refused = (await rates.take([fast], cost=2))[0]
    await asyncio.sleep(refused.wait_s)
    again = (await rates.take([fast], cost=2))[0]

    assert 0 < refused.wait_s <= 0.1
    assert again.wait_s == 0


async def test_all_processes_count_together_and_exactly(redis_url: str) -> None:
    async def count_admitted() -> int:
        process = Rates(redis_url)
        answers = [await process.take([rate(50)]) for _ in range(25)]
        await process.aclose()
        return sum(answer[0].wait_s == 0 for answer in answers)

    assert sum(await asyncio.gather(*(count_admitted() for _ in range(4)))) == 50


async def test_wide_rates_are_never_exceeded(redis_url: str) -> None:
    wide = rate(6_000)
    began = time.monotonic()

    async def count_admitted() -> int:
        process = Rates(redis_url)
        answers = [await process.take([wide]) for _ in range(2_000)]
        await process.aclose()
        return sum(answer[0].wait_s == 0 for answer in answers)

    admitted = sum(await asyncio.gather(*(count_admitted() for _ in range(4))))
    came_back = (time.monotonic() - began) * 100

    # What a process took ahead and did not use within a second is lost: a slow machine loses some.
    assert 5_000 <= admitted <= 6_000 + came_back + 1


async def test_wide_rates_are_asked_for_seldom(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # So long that a slow machine loses nothing of what it took ahead.
    monkeypatch.setattr("operation_server.limits.rates.CREDIT_S", 3_600)
    process = Rates(redis_url)
    # Redis does not know the script at first, and is asked once more for that.
    await process.take([rate(1, who="8")])
    before = await scripts_run(redis_url)
    for _ in range(2_000):
        await process.take([rate(6_000)])
    await process.aclose()

    assert await scripts_run(redis_url) - before == 2_000 / (6_000 // CREDIT_SHARE)


async def test_what_is_left_counts_what_was_taken_ahead(rates: Rates) -> None:
    wide = rate(60_000)
    standings = [(await rates.take([wide]))[0].remaining for _ in range(3)]

    assert standings == [59_999, 59_998, 59_997]


async def test_credit_is_given_back_when_another_rate_refuses(rates: Rates) -> None:
    wide, narrow = rate(60_000), rate(1, name="address", who="192.0.2.1")
    await rates.take([wide, narrow])
    refused = [await rates.take([wide, narrow]) for _ in range(5)]
    (after,) = await rates.take([wide])

    assert all(one[1].wait_s > 0 for one in refused)
    assert after.remaining == 59_998


async def test_what_one_rate_refuses_is_taken_from_no_other(rates: Rates) -> None:
    wide, narrow = rate(10), rate(1, name="address", who="192.0.2.1")
    first = await rates.take([wide, narrow])
    refused = await rates.take([wide, narrow])
    (after,) = await rates.take([wide])

    assert [one.remaining for one in first] == [9, 0]
    assert [one.wait_s > 0 for one in refused] == [False, True]
    assert after.remaining == 8


async def test_everybody_has_their_own(rates: Rates) -> None:
    await rates.take([rate(1)])

    assert (await rates.take([rate(1)]))[0].wait_s > 0
    assert (await rates.take([rate(1, who="8")]))[0].wait_s == 0


async def test_more_than_there_ever_is_needs_all_of_it_and_is_paid_off(rates: Rates) -> None:
    (taken,) = await rates.take([rate(10)], cost=25)
    (next_one,) = await rates.take([rate(10)])

    assert (taken.wait_s, taken.remaining) == (0, 0)
    assert 90 < next_one.wait_s <= 96
    await rates.take([rate(10, who="8")])
    assert (await rates.take([rate(10, who="8")], cost=25))[0].wait_s > 0


async def test_without_redis_everything_has_room_and_the_log_says_so() -> None:
    rates = Rates(f"redis://127.0.0.1:{find_free_port()}/0")

    with capture_logs() as lines:
        answers = [await rates.take([rate(1)]) for _ in range(20)]
    await rates.aclose()

    assert answers == [[]] * 20
    assert [line["event"] for line in lines] == ["nothing is counted against rate limits"]
