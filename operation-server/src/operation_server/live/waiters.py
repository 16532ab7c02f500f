"""Requests that wait until a job has ended."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

FALLBACK_POLL_S = 1.0
"""An end that the stream did not bring is seen in the database after so long."""


class Waiters:
    """Wakes those who wait for a job; a lost stream costs time, not the answer."""

    def __init__(
        self, *, was_told: Callable[[int], bool], is_finished: Callable[[int], Awaitable[bool]]
    ) -> None:
        """Ask `was_told` for what is known here, and `is_finished` for what the database says."""
        self._was_told = was_told
        self._is_finished = is_finished
        self._waiting: defaultdict[int, set[asyncio.Future[None]]] = defaultdict(set)
        self._is_ending = False

    async def wait(self, job_id: int, timeout_s: float) -> bool:
        """Return whether the job ends within `timeout_s`, or the process stops."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        ended = loop.create_future()
        self._waiting[job_id].add(ended)
        try:
            while not self._was_told(job_id) and not self._is_ending:
                left_s = deadline_s - loop.time()
                if left_s <= 0:
                    return False
                # Waits without a task of its own, unlike `asyncio.wait_for`.
                await asyncio.wait([ended], timeout=min(left_s, FALLBACK_POLL_S))
                if ended.done() or await self._is_finished(job_id):
                    break
        finally:
            self._waiting[job_id].discard(ended)
            if not self._waiting[job_id]:
                del self._waiting[job_id]
        return True

    def wake(self, job_id: int) -> None:
        """Let go who waits for a job."""
        for ended in self._waiting.get(job_id, ()):
            if not ended.done():
                ended.set_result(None)

    def end(self) -> None:
        """Let everybody go: the process stops."""
        self._is_ending = True
        for job_id in list(self._waiting):
            self.wake(job_id)
