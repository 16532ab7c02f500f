"""The connector: it keeps a worker for each cluster that may be connected to, and looks at the others' keys.

The worker of a cluster is a process of its own, so that no cluster waits for another. Whatever ends it, the
attempts on the cluster go on, and the next one finds them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Final

import structlog

from analysis_server.connector.host_keys import HostKeys
from analysis_server.lifecycle import health
from analysis_server.operation_api.client import APIRefused, APIUnavailable, OperationAPI
from analysis_server.operation_api.clusters import ClustersOfAPI, KnownClusters
from analysis_server.settings import AnalysisSettings
from satellite.contracts.cluster_handle import worker_of_cluster
from satellite.local.process import end_with_parent

ASK_EVERY_S: Final = 5.0
STOP_WITHIN_S: Final = 20.0
BACKOFF_MAX_S: Final = 60.0
LIVED_S: Final = 30.0
"""One that lived so long is started again at once."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Kept:
    """The worker of one cluster."""

    process: subprocess.Popen[bytes]
    started_at_s: float
    failures: int = 0
    not_before_s: float = 0.0


class Connector:
    """Runs until it is told to end."""

    def __init__(self, settings: AnalysisSettings, api: OperationAPI) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._clusters = ClustersOfAPI(api, worker=settings.worker.name)
        self._host_keys = HostKeys(self._clusters)
        self._kept: dict[str, Kept] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Keep workers until `end`."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        logger.info("connector ready")
        while not self._ended.is_set():
            try:
                self._look(self._clusters.fetch())
                health.note(self._settings.worker.state_dir)
            except (APIUnavailable, APIRefused) as error:
                logger.warning("clusters not known", reason=str(error))
            self._ended.wait(ASK_EVERY_S)
        self._stop_all()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._ended.set()

    def _look(self, known: KnownClusters) -> None:
        trusted = {name: spec for name, spec in known.specs.items() if spec.trusted}
        for name in self._kept.keys() - trusted.keys():
            self._stop(name)
        for name, spec in trusted.items():
            self._keep(name, slots=spec.slots)
        self._host_keys.look(known)

    def _keep(self, name: str, *, slots: int) -> None:
        kept, now_s = self._kept.get(name), time.monotonic()
        if kept is not None and kept.process.poll() is None:
            return
        if kept is not None and not kept.not_before_s:
            lived_s = now_s - kept.started_at_s
            kept.failures = 0 if lived_s > LIVED_S else kept.failures + 1
            wait_s = min(BACKOFF_MAX_S, 2.0**kept.failures - 1)
            kept.not_before_s = now_s + wait_s
            logger.warning("worker of a cluster ended", cluster=name, code=kept.process.returncode)
        if kept is not None and now_s < kept.not_before_s:
            return
        failures = 0 if kept is None else kept.failures
        self._kept[name] = Kept(self._start(name, slots=slots), now_s, failures=failures)

    def _start(self, name: str, *, slots: int) -> subprocess.Popen[bytes]:
        worker = worker_of_cluster(name)
        logger.info("worker of a cluster starts", cluster=name)
        command = [
            sys.executable, "-m", "celery", "-A", "analysis_server.tasks", "worker",
            "--without-gossip", "--without-mingle", "--hostname", f"{worker}@%h",
            "--loglevel", os.environ.get("SATELLITE_LOG_LEVEL", "info"),
        ]  # fmt: skip
        return subprocess.Popen(
            command,
            env=os.environ | self._variables(name, worker, slots=slots),
            stdin=subprocess.DEVNULL,
            # It must not live beside the one that the next connector starts.
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509  # No thread of ours runs yet.
        )

    def _variables(self, name: str, worker: str, *, slots: int) -> Mapping[str, str]:
        return {
            "SATELLITE_WORKER_NAME": worker,
            "SATELLITE_WORKER_CLUSTER": name,
            "SATELLITE_WORKER_SLOTS": str(slots),
            "SATELLITE_WORKER_BATCH_SEATS": "0",
            "SATELLITE_WORKER_STATE_DIR": str(self._settings.worker.state_dir / name),
        }

    def _stop(self, name: str) -> None:
        logger.info("worker of a cluster is not needed any more", cluster=name)
        _end([self._kept.pop(name).process])

    def _stop_all(self) -> None:
        _end([kept.process for kept in self._kept.values()])


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline_s = time.monotonic() + STOP_WITHIN_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
