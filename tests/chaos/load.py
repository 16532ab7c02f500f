"""Keeps the platform under load, however fast it is: what waits lasts its slots for a while."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Sequence

import httpx

from tests.acceptance.platform import Platform
from tests.chaos.client import connect, persist
from tests.chaos.submission import Submission
from tests.chaos.work import Kind, draw_kinds

QUEUED_PER_SLOT = 6
"""Below this more are submitted; a slot needs 6 s for them, and nobody submits while the API is away."""
LOOK_S = 0.1
FOLLOW_UP_WITHIN_S = 10.0


class Load(threading.Thread):
    """Submits until told to stop; all that it asked for stands in `submissions`, accepted or not."""

    def __init__(self, platform: Platform, *, kinds: Sequence[Kind], slots: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.platform = platform
        self.slots = slots
        self.queued_min = QUEUED_PER_SLOT * slots
        self.seed = seed
        self.submissions: list[Submission] = []
        self.stopping = threading.Event()
        self._dice = random.Random(seed)
        self._kinds = draw_kinds(kinds, self._dice)
        self._numbers = itertools.count()
        self._follow_ups: list[tuple[float, int, Submission]] = []

    def run(self) -> None:
        with connect(self.platform) as client:
            while not self.stopping.is_set():
                self._follow_up(client)
                if self._count_queued(client) < self.queued_min:
                    self._submit(client, next(self._kinds))
                else:
                    time.sleep(LOOK_S)
            while self._follow_ups:
                self._follow_up(client)
                time.sleep(LOOK_S)

    def stop(self, *, timeout_s: float = 120) -> None:
        """Submit no more, and return when all that was to follow has been done."""
        self.stopping.set()
        self.join(timeout_s)

    def ask(self, client: httpx.Client, kind: Kind) -> list[Submission]:
        """Submit the jobs of one kind, until they are accepted; any thread may."""
        submissions = [self._make(kind) for _ in range(kind.jobs)]
        # Before it is sent: what never gets an answer counts as lost.
        self.submissions += submissions
        for submission, job_id in zip(submissions, kind.submit(client, submissions), strict=True):
            submission.job_id = job_id
        return submissions

    def _submit(self, client: httpx.Client, kind: Kind) -> None:
        for submission in self.ask(client, kind):
            if kind.afterwards is not None:
                self._remind(submission, after_s=self._dice.uniform(0, FOLLOW_UP_WITHIN_S))

    def _make(self, kind: Kind) -> Submission:
        number = next(self._numbers)
        body = kind.body(number, random.Random(f"{self.seed}/{number}"))
        return Submission(number=number, kind=kind, body=body, key=f"chaos-{self.seed}-{number}")

    def _count_queued(self, client: httpx.Client) -> int:
        page = persist(lambda: client.get("/jobs", params={"status": "queued", "limit": 1}))
        total: int = page["total"]
        return total

    def _follow_up(self, client: httpx.Client) -> None:
        while self._follow_ups and self._follow_ups[0][0] < time.monotonic():
            _, _, submission = heapq.heappop(self._follow_ups)
            assert submission.kind.afterwards is not None
            again_s = submission.kind.afterwards(client, submission)
            if again_s is not None:
                self._remind(submission, after_s=again_s)

    def _remind(self, submission: Submission, *, after_s: float) -> None:
        heapq.heappush(self._follow_ups, (time.monotonic() + after_s, submission.number, submission))
