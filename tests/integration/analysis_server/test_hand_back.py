"""An attempt that a worker cannot run is handed back as it came, never failed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from redis import Redis

from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.attempt import AttemptRunner
from analysis_server.execution.claim import ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.executor import PluginExecutor
from analysis_server.execution.files.artifact_sender import ArtifactSender
from analysis_server.execution.files.input_fetcher import InputFetcher
from analysis_server.execution.files.model_store import ModelStore
from analysis_server.execution.running import RunningAttempts
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.settings import WorkerSettings
from satellite.contracts.outcome import OutcomeStatus
from satellite.contracts.worker_class import WorkerClass
from satellite.testing import RecordingReporter, job_message_of, manifest_of
from tests.fixtures.servers import wait_until

HERE = WorkerClass(runtimes=["container"], labels={"zone": "a"}, cpus=2, memory_mib=1024)


class Worker:
    """What of a worker an attempt goes through, with an executor that completes all it is given."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.reporter = RecordingReporter()
        self.admission = ResourceLedger(cpus=HERE.cpus, memory_mib=HERE.memory_mib)
        self.is_drained = False
        self.executor = Mock(spec=PluginExecutor)
        self.executor.run.return_value = RunResult(status=RunStatus.COMPLETED, result_json=b"1")
        self._runner = AttemptRunner(
            settings=WorkerSettings(name="w1"),
            worker_class=HERE,
            claims=ClaimStore(redis, worker="w1"),
            running=RunningAttempts(),
            admission=self.admission,
            executor=self.executor,
            reporter=self.reporter,
            disk=DiskGuard(folder),
            inputs=InputFetcher(None, OwnedFolder(folder)),
            models=ModelStore(None, folder),
            artifacts=ArtifactSender(None, OwnedFolder(folder)),
            gives_back=lambda: self.is_drained,
        )

    def run(self, manifest: dict[str, Any], **job: Any) -> OutcomeStatus:
        message = job_message_of(manifest_of(**manifest), **job)
        outcome = self._runner.run(message.model_dump(mode="json"), callbacks=[], received_at_s=0)
        assert outcome is not None
        return outcome.status


@pytest.fixture
def worker(redis_url: str, tmp_path: Path) -> Iterator[Worker]:
    with Redis.from_url(redis_url) as redis:
        yield Worker(redis, tmp_path)


@pytest.mark.parametrize(
    ("manifest", "job"),
    [
        ({"resources": {"memory_mib": 2048}}, {}),
        ({"resources": {"cpus": 4}}, {}),
        ({"resources": {"gpus": 1}}, {}),
        ({"requires": {"labels": {"zone": "b"}}}, {}),
        ({}, {"requires": {"queue": "batch"}}),
        ({"requires": {"labels": {"zone": "a"}}}, {"requires": {"runtime": "process"}}),
    ],
)
def test_it_runs_nothing_and_reports_an_interruption(
    worker: Worker, manifest: dict[str, Any], job: dict[str, Any]
) -> None:
    assert worker.run(manifest, **job) is OutcomeStatus.INTERRUPTED
    worker.executor.run.assert_not_called()


def test_one_that_fits_is_run(worker: Worker) -> None:
    requires = {"requires": {"labels": {"zone": "a"}, "runtime": "container"}}
    assert worker.run({"resources": {"memory_mib": 1024}, **requires}) is OutcomeStatus.COMPLETED


def test_one_that_waits_for_room_goes_to_others_when_the_worker_is_drained(worker: Worker) -> None:
    whole = manifest_of(resources={"memory_mib": HERE.memory_mib})
    assert worker.admission.acquire(whole, "another", is_stopped=lambda: False)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(worker.run, {"resources": {"memory_mib": 64}})
        wait_until(lambda: worker.admission._line, timeout_s=10)
        worker.is_drained = True
        worker.admission.wake()
        assert waiting.result(timeout=10) is OutcomeStatus.INTERRUPTED
    worker.executor.run.assert_not_called()
