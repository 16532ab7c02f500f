"""A client's share of the stream: bounded, without repetition, and ending in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from operation_server.accounts.account import Account, KeyScope, Role
from operation_server.live.account_watch import has_lost
from operation_server.live.frame import Frame
from operation_server.live.prepared_frames import prepare
from operation_server.live.subscription import (
    QUEUE_LENGTH,
    AccessEnded,
    FellBehind,
    StreamEnded,
    Subscription,
)
from satellite.testing import attempt_key_of

JOB = attempt_key_of(1).job

CALLER = Account(
    id=1,
    email="ada@example.com",
    role=Role.USER,
    max_running=None,
    created_at=datetime(2026, 11, 25, tzinfo=UTC),
    auth_epoch=3,
)


def frame(number: int, *, event_id: int = 0) -> Frame:
    return Frame.build(
        job=JOB, owner_id=1, type_="log", data="{}", at="now", event_id=event_id, stream_id=(number, 0)
    )


async def test_a_slow_client_gets_what_was_kept_and_is_let_go() -> None:
    subscription = Subscription(caller=CALLER, job=JOB)
    for number in range(QUEUE_LENGTH + 1):
        subscription.offer(frame(number))

    for number in range(QUEUE_LENGTH):
        assert f'"cursor":"{number}-0:0"' in await subscription.take()
    with pytest.raises(FellBehind):
        await subscription.take()


async def test_what_was_shown_from_the_database_is_not_shown_again() -> None:
    subscription = Subscription(caller=CALLER, job=JOB, shown={7})
    subscription.offer(frame(1, event_id=7))
    subscription.offer(frame(2, event_id=8))

    assert '"cursor":"2-0:8"' in await subscription.take()


async def test_what_waits_is_told_before_the_end() -> None:
    subscription = Subscription(caller=CALLER, job=JOB)
    subscription.offer(frame(1))
    subscription.end()

    await subscription.take()
    with pytest.raises(StreamEnded):
        await subscription.take()


class Socket:
    """Takes prepared frames while it is told to."""

    def __init__(self) -> None:
        self.takes = True
        self.written = b""

    def write(self, frames: bytes) -> bool:
        if self.takes:
            self.written += frames
        return self.takes


async def idle(socket: Socket) -> tuple[Subscription, asyncio.Task[str]]:
    """Return a subscription that has sent everything, and the task that waits for more."""
    subscription = Subscription(caller=CALLER, job=JOB, shown={7}, write_now=socket.write)
    waiting = asyncio.create_task(subscription.take())
    await asyncio.sleep(0)
    return subscription, waiting


async def test_a_client_that_keeps_up_is_written_to_at_once() -> None:
    socket = Socket()
    subscription, waiting = await idle(socket)
    for number, event_id in ((1, 7), (2, 8), (3, 0)):
        subscription.offer(frame(number, event_id=event_id))
    subscription.deliver()

    assert socket.written == prepare(frame(2, event_id=8).text(8)) + prepare(frame(3).text(8))
    assert not waiting.done()
    waiting.cancel()


async def test_what_cannot_be_written_at_once_is_sent_in_order_and_only_once() -> None:
    socket = Socket()
    subscription, waiting = await idle(socket)
    socket.takes = False
    subscription.offer(frame(1))
    subscription.deliver()
    socket.takes = True
    assert '"cursor":"1-0:0"' in await waiting

    # The one who sends is busy with the first frame, so the second one waits for it.
    subscription.offer(frame(2))
    subscription.deliver()
    assert socket.written == b""
    assert '"cursor":"2-0:0"' in await subscription.take()


async def test_nobody_is_written_to_after_frames_were_dropped() -> None:
    socket = Socket()
    subscription, waiting = await idle(socket)
    for number in range(QUEUE_LENGTH + 1):
        subscription.offer(frame(number))
    subscription.deliver()

    assert socket.written == b""
    assert '"cursor":"0-0:0"' in await waiting


async def test_who_may_not_see_it_any_more_gets_nothing_that_waits() -> None:
    socket = Socket()
    subscription, waiting = await idle(socket)
    subscription.withdraw()
    subscription.offer(frame(1))
    subscription.deliver()

    with pytest.raises(AccessEnded):
        await waiting
    with pytest.raises(AccessEnded):
        subscription.require_access()
    assert socket.written == b""


@pytest.mark.parametrize(
    ("key_id", "epochs", "keys", "lost"),
    [
        (None, {1: 3}, set(), False),
        (None, {1: 4}, set(), True),
        (None, {2: 3}, set(), True),
        (7, {1: 3}, {7}, False),
        (7, {1: 3}, {8}, True),
        (7, {1: 4}, {7}, True),
    ],
)
def test_what_ends_a_stream(key_id: int | None, epochs: dict[int, int], keys: set[int], lost: bool) -> None:
    key = None if key_id is None else KeyScope(key_id=key_id)

    assert has_lost(replace(CALLER, key=key), epochs, keys) is lost
