"""What an attempt's executor may do to it: die, once or again and again, with and without a handle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.attachable_runs import Attachable
from analysis_server.execution.attempt import ATTACH_TRIES, AttemptRunner
from analysis_server.execution.claim import ClaimResult, ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.executor import ExecutorHealth, ExecutorLost, Look
from analysis_server.execution.files.artifact_sender import ArtifactSender
from analysis_server.execution.files.input_fetcher import InputFetcher
from analysis_server.execution.files.model_store import ModelStore
from analysis_server.execution.running import RunningAttempts
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.port import RunRequest, RunResult, RunStatus
from analysis_server.runtimes.residents import Eviction, ResidentKey, SpareAllowance
from analysis_server.settings import WorkerSettings
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, Outcome, OutcomeStatus
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.run_handle import RunHandle
from satellite.contracts.worker_class import WorkerClass
from satellite.testing import attempt_key_of, job_message_of, manifest_of
from satellite.testing.recorders import RecordingReporter

NOW = datetime.now(UTC)
HANDLE = RunHandle(
    runtime="container",
    place="engine",
    name="c1",
    began_at=NOW,
    deadline_at=NOW + timedelta(minutes=1),
    gpu_ids=("card-1",),
)
DONE = RunResult(status=RunStatus.COMPLETED, result_json=b"1")
MANIFEST = manifest_of(resources={"cpus": 3, "memory_mib": 1_000})


class DyingExecutor:
    """Dies as often as it is told, each time under the run that it has."""

    def __init__(self, worker: Worker, *, deaths: int, has_handle: bool) -> None:
        self._worker = worker
        self._deaths = deaths
        self._has_handle = has_handle
        self.attached: list[RunHandle] = []
        self.free_cpus: list[float] = []
        self.inputs: list[bytes] = []

    def run(self, request: RunRequest) -> RunResult:
        self.inputs.append(request.input_json)
        if self._has_handle:
            self._worker.running.note_handles({request.key: HANDLE})
        return self._end()

    def attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        self.attached.append(handle)
        return self._end()

    def _end(self) -> RunResult:
        self.free_cpus.append(self._worker.ledger.free().cpus)
        self._deaths -= 1
        if self._deaths >= 0:
            raise ExecutorLost("killed")
        return DONE

    def attachable(self) -> Attachable:
        return Attachable()

    def cancel(self, key: AttemptKey) -> None:
        del key

    def stop_all(self, reason: str) -> None:
        del reason

    def sweep(self, live: Collection[AttemptKey], adoptable: Collection[AttemptKey] = ()) -> int:
        del live, adoptable
        return 0

    def evict(self, eviction: Eviction) -> Collection[ResidentKey]:
        del eviction
        return ()

    def look(self, allowance: SpareAllowance | None, *, timeout_s: float) -> Look:
        del allowance, timeout_s
        return Look(health=ExecutorHealth.WELL)

    def close(self) -> None:
        return


class WinningClaims(ClaimStore):
    """Claims whatever is asked for."""

    def __init__(self) -> None:
        pass

    def claim(self, key: AttemptKey) -> ClaimResult:
        del key
        return ClaimResult.WON


class Worker:
    """A runner with an executor that dies."""

    def __init__(
        self, folder: Path, *, deaths: int, has_handle: bool = True, models: ModelStore | None = None
    ) -> None:
        self.running = RunningAttempts()
        self.ledger = ResourceLedger(cpus=4, memory_mib=2_000)
        self.executor = DyingExecutor(self, deaths=deaths, has_handle=has_handle)
        self.reporter = RecordingReporter()
        self.deaths_seen = 0
        self.runner = AttemptRunner(
            settings=WorkerSettings(name="w1", state_dir=folder),
            worker_class=WorkerClass(cpus=4, memory_mib=2_000),
            claims=WinningClaims(),
            running=self.running,
            admission=self.ledger,
            executor=self.executor,
            reporter=self.reporter,
            disk=DiskGuard(folder),
            inputs=InputFetcher(None, OwnedFolder(folder)),
            models=models or ModelStore(None, folder),
            artifacts=ArtifactSender(None, OwnedFolder(folder)),
            executor_lost=self._note_death,
        )

    def run(self, manifest: PluginManifest = MANIFEST, **job: Any) -> Outcome:
        raw: dict[str, Any] = job_message_of(manifest, **job).model_dump(mode="json")
        outcome = self.runner.run(raw, callbacks=[], received_at_s=0)
        assert outcome is not None
        return outcome

    def _note_death(self) -> None:
        self.deaths_seen += 1


def test_an_attempt_goes_on_when_its_executor_dies(tmp_path: Path) -> None:
    worker = Worker(tmp_path, deaths=2)
    outcome = worker.run()
    assert (outcome.status, outcome.result_json, outcome.generation) == (OutcomeStatus.COMPLETED, "1", 0)
    assert worker.executor.attached == [HANDLE, HANDLE]
    assert worker.executor.free_cpus == [1, 1, 1], "it keeps its room all the time"
    assert worker.deaths_seen == 2


def test_without_a_handle_it_is_lost(tmp_path: Path) -> None:
    outcome = Worker(tmp_path, deaths=1, has_handle=False).run()
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.LOST


def test_what_kills_executors_again_and_again_is_lost(tmp_path: Path) -> None:
    worker = Worker(tmp_path, deaths=100)
    outcome = worker.run()
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.LOST
    assert len(worker.executor.attached) == ATTACH_TRIES


def test_a_plugin_that_asks_for_it_is_told_its_attempt(tmp_path: Path) -> None:
    schema = {"properties": {"attempt": {"format": "satellite-attempt"}}}
    worker = Worker(tmp_path, deaths=0)
    worker.run(manifest_of(input_schema=schema), input_data={"a": 1}, attempt=7)
    worker.run(manifest_of(input_schema={}), input_data={"a": 1}, attempt=7)
    assert worker.executor.inputs == [b'{"a":1,"attempt":7}', b'{"a":1}']


@pytest.mark.parametrize("taken_cpus", [0, 3])
def test_an_adopted_run_takes_its_room_though_it_is_not_free(tmp_path: Path, taken_cpus: int) -> None:
    worker = Worker(tmp_path, deaths=0)
    if taken_cpus:
        assert worker.ledger.acquire(MANIFEST, "other", is_stopped=lambda: False)
    offer = AdoptionOffer(
        job_id=1,
        attempt=1,
        generation=3,
        owner_id=1,
        plugin_digest=MANIFEST.digest(),
        manifest_json=MANIFEST.model_dump_json(),
        timeout_s=60,
        started_at=NOW,
        handle=HANDLE,
    )
    outcome = worker.runner.adopt(offer)
    assert worker.executor.free_cpus == [1 - taken_cpus]
    assert worker.ledger.free().cpus == 4 - taken_cpus
    assert (outcome.key, outcome.generation, outcome.started_at) == (attempt_key_of(1), 3, NOW)
    assert worker.reporter.outcomes == [outcome]
