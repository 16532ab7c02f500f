"""Tells now and then what running attempts have written so far, with one question for all of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final

import structlog

from analysis_server.connector.agent import Agent
from analysis_server.connector.early_outputs import Saw
from analysis_server.connector.run_report import RunReport
from analysis_server.connector.ssh.errors import SshError
from satellite.contracts.cluster import ClusterFile

LOOK_EVERY_S: Final = 5.0
PATH_CHARS_MAX: Final = 1_000

logger = structlog.get_logger(__name__)


class _Known:
    """What was told of one attempt."""

    def __init__(self, report: RunReport, saw: Saw) -> None:
        self.report = report
        self.saw = saw
        self.changed_at = 0
        self.files: list[ClusterFile] = []


class OutputWatch:
    """Safe to use from many threads."""

    def __init__(self, agent: Agent) -> None:
        """Watch nothing yet."""
        self._agent = agent
        self._lock = threading.Lock()
        self._jobs: dict[str, _Known] = {}

    @contextlib.contextmanager
    def of(self, name: str, report: RunReport, saw: Saw) -> Iterator[None]:
        """Tell of an attempt for the length of the block, and each time `saw` of all its files."""
        with self._lock:
            self._jobs[name] = _Known(report, saw)
        try:
            yield
        finally:
            with self._lock:
                del self._jobs[name]

    def look(self) -> None:
        """Look once at all of them."""
        with self._lock:
            jobs = dict(self._jobs)
        if not jobs:
            return
        asked = {name: known.changed_at for name, known in jobs.items()}
        try:
            answer = self._agent.ask_plainly("peek", {"jobs": asked})
        except SshError as error:
            logger.info("outputs not looked at", reason=str(error))
            return
        for name, seen in answer.get("jobs", {}).items():
            if (known := jobs.get(name)) is not None:
                _tell(known, seen)


def _tell(known: _Known, seen: dict[str, Any]) -> None:
    files = [
        ClusterFile(path=file["path"][:PATH_CHARS_MAX], size_bytes=file["size"]) for file in seen["files"]
    ]
    known.saw(files)
    metrics = seen.get("metrics")
    if files == known.files and metrics is None:
        return
    known.files = files
    known.changed_at = seen.get("changed_at", known.changed_at)
    known.report.wrote(files, metrics)
