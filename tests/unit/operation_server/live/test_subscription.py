"""A client's share of the stream: bounded, without repetition, and ending in order."""

from __future__ import annotations

import asyncio

import pytest

from operation_server.live.account_watch import loss_of
from operation_server.live.frame import Frame
from operation_server.live.prepared_frames import prepare
from operation_server.live.subscription import (
    QUEUE_LENGTH,
    AccountClosed,
    FellBehind,
    RoleLost,
    StreamEnded,
    Subscription,
)


def frame(number: int, *, event_id: int = 0) -> Frame:
    return Frame.build(
        job_id=1, owner_id=1, type_="log", data="{}", at="now", event_id=event_id, stream_id=(number, 0)
    )


async def test_a_slow_client_gets_what_was_kept_and_is_let_go() -> None:
    subscription = Subscription(account_id=1, job_id=1)
    for number in range(QUEUE_LENGTH + 1):
        subscription.offer(frame(number))

    for number in range(QUEUE_LENGTH):
        assert f'"cursor":"{number}-0:0"' in await subscription.take()
    with pytest.raises(FellBehind):
        await subscription.take()


async def test_what_was_shown_from_the_database_is_not_shown_again() -> None:
    subscription = Subscription(account_id=1, job_id=1, shown={7})
    subscription.offer(frame(1, event_id=7))
    subscription.offer(frame(2, event_id=8))

    assert '"cursor":"2-0:8"' in await subscription.take()


async def test_what_waits_is_told_before_the_end() -> None:
    subscription = Subscription(account_id=1, job_id=1)
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
    subscription = Subscription(account_id=1, job_id=1, shown={7}, write_now=socket.write)
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
    subscription.withdraw(AccountClosed())
    subscription.offer(frame(1))
    subscription.deliver()

    with pytest.raises(AccountClosed):
        await waiting
    with pytest.raises(AccountClosed):
        subscription.require_access()
    assert socket.written == b""


@pytest.mark.parametrize(
    ("shows_others", "roles", "loss"),
    [
        (False, {1: "user"}, None),
        (True, {1: "admin"}, None),
        (True, {1: "user"}, RoleLost),
        (False, {2: "user"}, AccountClosed),
        (True, {}, AccountClosed),
    ],
)
def test_what_ends_a_stream(shows_others: bool, roles: dict[int, str], loss: type | None) -> None:
    found = loss_of(Subscription(account_id=1, shows_others=shows_others), roles)
    assert (found and type(found)) is loss
