"""Why dispatcher and advancer look again: a notification of PostgreSQL, a delay that has passed, or the poll.

The connection that listens also holds the lock by which one dispatcher of several is active.
"""

from __future__ import annotations

import asyncio
import contextlib

from operation_server.dispatch.leadership import CHECK_EVERY_S, Leadership, lost_with_session
from operation_server.jobs.transitions.events import JOBS_CHANNEL, ROOM
from operation_server.jobs.transitions.step_ends import RUNS


class Wakeups:
    """Collects reasons to look again; any number of them wakes the dispatcher once."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self._woken = asyncio.Event()
        self._woken.set()
        self._runs_woken = asyncio.Event()
        self._runs_woken.set()
        self.wants_room = True
        """Whether a freed place is a reason: only while jobs wait for one."""

    async def listen(self) -> None:
        """Hear notifications until the leadership ends.

        A silent session is asked now and then: an end that nobody hears of would leave this process
        dispatching by the poll alone, and beside another leader.

        Raises:
            LeadershipLost: it has ended.
        """
        connection = self._leadership.connection
        with lost_with_session():
            await connection.execute(f"LISTEN {JOBS_CHANNEL}".encode())
            while True:
                async for notification in connection.notifies(timeout=CHECK_EVERY_S):
                    self._hear(notification.payload)
                await self._leadership.check()

    def wake(self) -> None:
        """Give a reason to look again now."""
        self._woken.set()

    async def wait(self, timeout_s: float) -> None:
        """Return at the next reason, at the latest after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        self._woken.clear()

    async def wait_for_runs(self, timeout_s: float) -> bool:
        """Return whether there was a reason to look at runs within `timeout_s`, as soon as there is."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._runs_woken.wait()
        except TimeoutError:
            return False
        self._runs_woken.clear()
        return True

    def _hear(self, payload: str) -> None:
        if payload == RUNS:
            self._runs_woken.set()
            return
        reason, _, delay = payload.partition(":")
        if not delay:
            if reason != ROOM or self.wants_room:
                self.wake()
            return
        with contextlib.suppress(ValueError):
            asyncio.get_running_loop().call_later(float(delay), self.wake)
