"""The marks that executions leave outside the platform, as the plugin wrote them or as the engine tells."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import docker
import requests
from docker.errors import DockerException

from analysis_server.runtimes.container.template import LABEL_ATTEMPT, LABEL_JOB, LABEL_STACK
from tests.chaos.plugins import ONESHOT
from tests.chaos.submission import Submission


@dataclass(kw_only=True)
class Execution:
    """One time that a plugin began with a job; its effect is there once the work is done."""

    name: str
    is_done: bool = False


class Marks(Protocol):
    """Where executions are counted."""

    def of(self, submission: Submission) -> Sequence[Execution] | None:
        """Return the executions of a job, None where nobody can count them."""


class MarkFiles:
    """A folder with one file for each job's number, written by the plugin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        # Each run of a plugin has a user of its own.
        folder.chmod(0o1777)

    def of(self, submission: Submission) -> list[Execution]:
        executions: dict[str, Execution] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / str(submission.number)).read_text().splitlines():
                what, name = line.split()
                execution = executions.setdefault(name, Execution(name=name))
                execution.is_done |= what == "done"
        return list(executions.values())


class ContainerMarks(threading.Thread):
    """Follows the engine's events: a job's container that started, and one that ended with code 0.

    Containers that serve many jobs are not told apart by job. After a restart of the engine its newest
    events are asked for once more.
    """

    def __init__(self, stack_id: str) -> None:
        super().__init__(daemon=True)
        self._filters = {"type": "container", "label": f"{LABEL_STACK}={stack_id}"}
        self._since = time.time()
        self._found: dict[int, dict[str, Execution]] = defaultdict(dict)
        self.start()

    def of(self, submission: Submission) -> list[Execution] | None:
        if submission.kind.plugin != ONESHOT or submission.job_id is None:
            return None
        return self.of_job(submission.job_id)

    def of_job(self, job_id: int) -> list[Execution]:
        """Return the containers that were started for a job."""
        return list(self._found[job_id].values())

    def run(self) -> None:
        while True:
            with contextlib.suppress(DockerException, requests.RequestException, OSError):
                for event in self._events():
                    self._note(event)
            time.sleep(0.1)

    def _events(self) -> Iterator[dict[str, Any]]:
        with contextlib.closing(docker.from_env()) as engine:
            yield from engine.events(since=int(self._since), filters=self._filters, decode=True)

    def _note(self, event: dict[str, Any]) -> None:
        self._since = event["time"]
        labels = event["Actor"]["Attributes"]
        if LABEL_ATTEMPT not in labels or event["Action"] not in {"start", "die"}:
            return
        executions = self._found[int(labels[LABEL_JOB])]
        name = event["Actor"]["ID"][:12]
        execution = executions.setdefault(name, Execution(name=name))
        execution.is_done |= event["Action"] == "die" and labels["exitCode"] == "0"
