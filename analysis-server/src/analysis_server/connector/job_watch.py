"""Watches all jobs that a connector has on its cluster, with one request at a time for all of them."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import structlog

from analysis_server.connector.agent import Agent, AgentRefused
from analysis_server.connector.agent_messages import (
    AskedJob,
    JobReport,
    PollAnswer,
    RemoteState,
    WatchRequest,
)
from analysis_server.connector.ssh.errors import SshError
from analysis_server.loop_thread import LoopThread

WAIT_S: Final = 1.0
"""A request hangs for so long; who begins to watch meanwhile is seen in the next."""
LOG_BYTES_MAX: Final = 256 * 1024
AFTER_FAILURE_S: Final = 1.0
ANSWER_WITHIN_S: Final = 30.0

logger = structlog.get_logger(__name__)


class Sight(NamedTuple):
    """What was seen of a job: its report, and what its log had more than before."""

    report: JobReport
    log: bytes
    log_left: int
    """How many bytes of its log were not seen yet."""


class WatchedJob:
    """A job as its thread sees it: what is new comes one by one."""

    def __init__(self, changed: threading.Condition) -> None:
        """Know nothing yet."""
        self._changed = changed
        self._sights: deque[Sight] = deque()
        self.asked = AskedJob()

    def take(self, report: JobReport) -> None:
        """Take what was seen; the lock is held."""
        log = base64.b64decode(report.log)
        self.asked = AskedJob(log_offset=self.asked.log_offset + len(log), state=report.state)
        left = max(0, report.log_size - self.asked.log_offset)
        self._sights.append(Sight(report, log, left))

    def next(self, timeout_s: float) -> Sight | None:
        """Return what is new, None if nothing is within the time."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._sights), timeout_s)
            return self._sights.popleft() if self._sights else None


class JobWatch:
    """Asks again and again while there is a job to ask about. Safe to use from any thread."""

    def __init__(self, agent: Agent) -> None:
        """Begin to ask once a job is watched."""
        self._agent = agent
        self._changed = threading.Condition()
        self._jobs: dict[str, WatchedJob] = {}
        self._closed = False
        self._thread = LoopThread("cluster-watch", self._run, go_on_after_s=AFTER_FAILURE_S)
        self._thread.start()

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[WatchedJob]:
        """Watch a job, its log from the beginning, for the length of the block."""
        job = WatchedJob(self._changed)
        with self._changed:
            self._jobs[name] = job
            self._changed.notify_all()
        try:
            yield job
        finally:
            with self._changed:
                self._jobs.pop(name, None)

    def counts(self) -> tuple[int, int]:
        """Return how many jobs wait for cards, and how many run, as far as they are watched."""
        with self._changed:
            states = [job.asked.state for job in self._jobs.values()]
        return states.count(RemoteState.WAITING), states.count(RemoteState.RUNNING)

    def close(self) -> None:
        """Ask no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._jobs))
                if self._closed:
                    return
                asked = {name: job.asked for name, job in self._jobs.items()}
            try:
                self._hand_out(self._look(asked))
            except (SshError, AgentRefused) as error:
                # Of no job does that say anything.
                logger.info("cluster not watched", reason=str(error))
                time.sleep(AFTER_FAILURE_S)

    def _look(self, asked: dict[str, AskedJob]) -> PollAnswer:
        request = WatchRequest(jobs=asked, log_bytes_max=LOG_BYTES_MAX, wait_s=WAIT_S)
        return self._agent.ask("watch", request, PollAnswer, timeout_s=ANSWER_WITHIN_S)

    def _hand_out(self, answer: PollAnswer) -> None:
        with self._changed:
            for name, report in answer.jobs.items():
                job = self._jobs.get(name)
                if job is not None:
                    job.take(report)
            self._changed.notify_all()


def is_over(state: RemoteState) -> bool:
    """Tell whether nothing more happens to a job on its cluster."""
    return state in {
        RemoteState.ENDED, RemoteState.LOST, RemoteState.BURIED, RemoteState.ABSENT, RemoteState.STAGED,
    }  # fmt: skip
