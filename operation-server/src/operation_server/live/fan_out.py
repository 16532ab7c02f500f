"""Hands frames to the clients that may see them; nothing here waits for a client."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import structlog

from operation_server.live.frame import Frame
from operation_server.live.subscription import QUEUE_LENGTH, Subscription
from operation_server.metrics.recording import live_client_came, live_client_left
from satellite.contracts.identity import JobKey

FRAMES_AT_ONCE = QUEUE_LENGTH // 4

log = structlog.get_logger(__name__)


class FanOut:
    """The subscriptions of a process, by what they want to see."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_job: defaultdict[JobKey, set[Subscription]] = defaultdict(set)
        self._by_owner: defaultdict[int, set[Subscription]] = defaultdict(set)
        self._of_everything: set[Subscription] = set()
        self._is_ending = False

    @contextlib.contextmanager
    def subscribed(self, subscription: Subscription) -> Iterator[Subscription]:
        """Deliver to a subscription until the block ends."""
        group = self._group(subscription)
        group.add(subscription)
        live_client_came()
        if self._is_ending:
            subscription.end()
        try:
            yield subscription
        finally:
            group.discard(subscription)
            live_client_left()
            self._forget_empty_groups(subscription)

    def end(self) -> None:
        """Let all clients go: the process stops."""
        self._is_ending = True
        for subscription in self.subscriptions():
            subscription.end()

    def subscriptions(self) -> Iterable[Subscription]:
        """Yield all who are delivered to."""
        yield from chain.from_iterable(self._by_job.values())
        yield from chain.from_iterable(self._by_owner.values())
        yield from self._of_everything

    def deliver(self, frames: Sequence[Frame], *, seen: Callable[[Frame], None]) -> None:
        """Deliver frames, few enough at a time for the queue of each client; `seen` is told of each first."""
        for start in range(0, len(frames), FRAMES_AT_ONCE):
            reached: set[Subscription] = set()
            for frame in frames[start : start + FRAMES_AT_ONCE]:
                seen(frame)
                for subscription in self._audience(frame):
                    subscription.offer(frame)
                    reached.add(subscription)
            for subscription in reached:
                _deliver(subscription)

    def _audience(self, frame: Frame) -> Iterable[Subscription]:
        watchers = self._watchers(frame)
        return filter(lambda each: each.is_for(frame), watchers) if frame.is_private else watchers

    def _watchers(self, frame: Frame) -> Iterable[Subscription]:
        yield from self._by_job.get(frame.job, ())
        yield from self._by_owner.get(frame.owner_id, ())
        yield from self._of_everything

    def _group(self, subscription: Subscription) -> set[Subscription]:
        if subscription.job is not None:
            return self._by_job[subscription.job]
        if subscription.owner_id is not None:
            return self._by_owner[subscription.owner_id]
        return self._of_everything

    def _forget_empty_groups(self, subscription: Subscription) -> None:
        job, owner_id = subscription.job, subscription.owner_id
        if job is not None and not self._by_job.get(job, True):
            del self._by_job[job]
        if owner_id is not None and not self._by_owner.get(owner_id, True):
            del self._by_owner[owner_id]


def _deliver(subscription: Subscription) -> None:
    """Deliver to one client, which is let go if that fails, so that it stops no other."""
    try:
        subscription.deliver()
    except Exception:
        log.exception("a client cannot be delivered to")
        subscription.end()
