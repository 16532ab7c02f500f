"""A client's share of the stream: bounded, without repetition, and ending in order."""

from __future__ import annotations

import pytest

from operation_server.live.frame import Frame
from operation_server.live.subscription import QUEUE_LENGTH, FellBehind, StreamEnded, Subscription


def frame(number: int, *, event_id: int = 0) -> Frame:
    return Frame.build(
        job_id=1, owner_id=1, type_="log", data="{}", at="now", event_id=event_id, stream_id=(number, 0)
    )


async def test_a_slow_client_gets_what_was_kept_and_is_let_go() -> None:
    subscription = Subscription(job_id=1)
    for number in range(QUEUE_LENGTH + 1):
        subscription.offer(frame(number))

    for number in range(QUEUE_LENGTH):
        assert f'"cursor":"{number}-0:0"' in await subscription.take()
    with pytest.raises(FellBehind):
        await subscription.take()


async def test_what_was_shown_from_the_database_is_not_shown_again() -> None:
    subscription = Subscription(job_id=1, shown={7})
    subscription.offer(frame(1, event_id=7))
    subscription.offer(frame(2, event_id=8))

    assert '"cursor":"2-0:8"' in await subscription.take()


async def test_what_waits_is_told_before_the_end() -> None:
    subscription = Subscription(job_id=1)
    subscription.offer(frame(1))
    subscription.end()

    await subscription.take()
    with pytest.raises(StreamEnded):
        await subscription.take()
