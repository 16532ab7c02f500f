"""One client's share of the stream: a bounded queue between the fan-out and its socket."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from operation_server.accounts.account import Account
from operation_server.live.frame import Frame
from operation_server.live.prepared_frames import WritePrepared
from satellite.contracts.identity import JobKey

QUEUE_LENGTH = 256


class StreamEnded(Exception):
    """The process stops; the client may resume from its cursor at another one."""


class AccessEnded(StreamEnded):
    """What the client has shown opens nothing any more: an account that was changed, or a key that ended."""


class FellBehind(StreamEnded):
    """The client reads more slowly than events come; it may resume from its cursor."""


@dataclass(slots=True, kw_only=True, eq=False)
class Subscription:
    """What a client wants to see, and what waits for it. Either one job, or one owner, or everything."""

    job: JobKey | None = None
    owner_id: int | None = None
    caller: Account
    """Whose client it is, as they were when it came."""
    event_id: int = 0
    """The newest durable event shown."""
    shown: set[int] = field(default_factory=set)
    """Durable events shown from the database, which the stream may bring again."""
    write_now: WritePrepared | None = None
    """Spares the way through a task while the client keeps up; only WebSockets have it."""
    _waiting: deque[Frame] = field(default_factory=deque)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _is_idle: bool = False
    """Everything was sent, and the one who sends waits for more."""
    _has_overflowed: bool = False
    _has_ended: bool = False
    _withdrawn: bool = False

    def is_for(self, frame: Frame) -> bool:
        """Tell whether a frame is meant for whose client it is: notifications are, for one account alone."""
        return not frame.is_private or frame.owner_id == self.caller.id

    def offer(self, frame: Frame) -> None:
        """Add a frame without ever waiting; `deliver` follows."""
        if self._withdrawn:
            return
        if len(self._waiting) >= QUEUE_LENGTH:
            self._has_overflowed = True
        else:
            self._waiting.append(frame)

    def deliver(self) -> None:
        """Write what was offered if the client can take it at once, else wake the one who sends."""
        if not (self._is_idle and self.write_now is not None and self._write_waiting(self.write_now)):
            self._woken.set()

    def end(self) -> None:
        """Let the client go once it has what waits for it."""
        self._has_ended = True
        self._woken.set()

    def withdraw(self) -> None:
        """Let the client go at once, without what waits for it: it may see nothing more."""
        self._withdrawn = True
        self._waiting.clear()
        self._woken.set()

    def require_access(self) -> None:
        """Refuse to show anything more to a client that may not see it.

        Raises:
            AccessEnded: it was let go for that.
        """
        if self._withdrawn:
            raise AccessEnded

    async def take(self) -> str:
        """Return the text of the next frame not shown yet.

        Raises:
            StreamEnded: as `take_frame` says.
        """
        return self.show(await self.take_frame())

    async def take_frame(self) -> Frame:
        """Return the next frame not shown yet.

        Raises:
            FellBehind: frames were dropped.
            AccessEnded: the client may not see them any more.
            StreamEnded: the process stops.
        """
        while True:
            self.require_access()
            while self._waiting:
                frame = self._waiting.popleft()
                if frame.event_id and frame.event_id in self.shown:
                    continue
                return frame
            if self._has_overflowed:
                raise FellBehind
            if self._has_ended:
                raise StreamEnded
            await self._wait_idle()

    def show(self, frame: Frame) -> str:
        """Return the text of a frame and move the client's cursor behind it."""
        self.event_id = max(self.event_id, frame.event_id)
        return frame.text(self.event_id)

    async def _wait_idle(self) -> None:
        self._woken.clear()
        self._is_idle = True
        try:
            await self._woken.wait()
        finally:
            self._is_idle = False

    def _write_waiting(self, write_now: WritePrepared) -> bool:
        event_id, prepared = self.event_id, []
        for frame in self._waiting:
            if not frame.event_id or frame.event_id not in self.shown:
                event_id = max(event_id, frame.event_id)
                prepared.append(frame.prepared(event_id))
        if self._has_overflowed or not write_now(b"".join(prepared)):
            return False
        self._waiting.clear()
        self.event_id = event_id
        return True
