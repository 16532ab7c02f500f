"""Whether a worker takes jobs, as a real Redis says it."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from redis import Redis

from analysis_server.lifecycle.intake import Intake
from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts import redis_keys
from satellite.contracts.worker import DrainedWorkers

GATHERED = Batch("gathered", 8)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        yield redis


def say(redis: Redis, *names: str) -> None:
    redis.set(redis_keys.DRAINED_WORKERS, DrainedWorkers(names=list(names)).model_dump_json())


def test_a_drained_worker_has_room_for_nothing_until_it_is_resumed(redis: Redis) -> None:
    slots, changed = Slots(slots=2, seats=8), Mock()
    intake = Intake(redis, worker="w1", slots=slots, changed=changed)
    slots.take(GATHERED)
    say(redis, "w2")
    intake.look()
    assert (slots.free, slots.has_seat(), changed.call_count) == (1, True, 0)
    say(redis, "w1", "w2")
    for _ in range(2):
        intake.look()
    assert (slots.free, slots.has_seat(), slots.fits(None), slots.fits(GATHERED)) == (0, False, False, False)
    assert (slots.taken, changed.call_count) == (1, 1)
    say(redis, "w2")
    intake.look()
    assert (slots.free, slots.fits(GATHERED), changed.call_count) == (1, True, 2)


@pytest.mark.parametrize("text", [None, b"[]", b"{"])
def test_what_was_heard_last_counts_while_nothing_is_known(redis: Redis, text: bytes | None) -> None:
    slots = Slots(slots=2, seats=0)
    intake = Intake(redis, worker="w1", slots=slots, changed=lambda: None)
    intake.look()
    assert slots.free == 2
    say(redis, "w1")
    intake.look()
    redis.flushall()
    if text is not None:
        redis.set(redis_keys.DRAINED_WORKERS, text)
    intake.look()
    assert slots.free == 0
