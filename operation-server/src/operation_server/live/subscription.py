"""One client's share of the stream: a bounded queue between the fan-out and its socket."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from operation_server.live.cursor import Cursor
from operation_server.live.frame import Frame

QUEUE_LENGTH = 256


class StreamEnded(Exception):
    """The process stops; the client may resume from its cursor at another one."""


class FellBehind(StreamEnded):
    """The client reads more slowly than events come; it may resume from its cursor."""


@dataclass(slots=True, kw_only=True, eq=False)
class Subscription:
    """What a client wants to see, and what waits for it. Either one job, or one owner, or everything."""

    job_id: int | None = None
    owner_id: int | None = None
    event_id: int = 0
    """The newest durable event shown."""
    shown: set[int] = field(default_factory=set)
    """Durable events shown from the database, which the stream may bring again."""
    _waiting: deque[Frame] = field(default_factory=deque)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _has_overflowed: bool = False
    _has_ended: bool = False

    def offer(self, frame: Frame) -> None:
        """Add a frame without ever waiting."""
        if len(self._waiting) >= QUEUE_LENGTH:
            self._has_overflowed = True
        else:
            self._waiting.append(frame)
        self._woken.set()

    def end(self) -> None:
        """Let the client go once it has what waits for it."""
        self._has_ended = True
        self._woken.set()

    async def take(self) -> str:
        """Return the text of the next frame not shown yet.

        Raises:
            FellBehind: frames were dropped.
            StreamEnded: the process stops.
        """
        while True:
            while self._waiting:
                frame = self._waiting.popleft()
                if frame.event_id and frame.event_id in self.shown:
                    continue
                return self.show(frame)
            if self._has_overflowed:
                raise FellBehind
            if self._has_ended:
                raise StreamEnded
            self._woken.clear()
            await self._woken.wait()

    def show(self, frame: Frame) -> str:
        """Return the text of a frame and move the client's cursor behind it."""
        self.event_id = max(self.event_id, frame.event_id)
        return frame.text(Cursor(frame.stream_id, self.event_id))
