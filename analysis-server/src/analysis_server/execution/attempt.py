"""One attempt from the message to the outcome: claim, admit, run, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from analysis_server.execution.admission import ResourceLedger
from analysis_server.execution.claim import ClaimResult, ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.executor import Execution, ExecutorLost, PluginExecutor
from analysis_server.execution.grants import Grant
from analysis_server.execution.manifests import ManifestCache
from analysis_server.execution.running import HeldAttempt, RunningAttempts, Stop
from analysis_server.reporting.port import Reporter
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.job import JobMessage, StartedReport
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus, WorkerTimings
from satellite.contracts.plugin_manifest import PluginManifest

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttemptClock:
    """When an attempt was received (`time.perf_counter`), how long its claim took, and when it began."""

    received_at_s: float
    claimed_ms: float
    started_at: datetime


class AttemptRunner:
    """Runs attempts on the threads that call it."""

    def __init__(
        self,
        *,
        worker: str,
        claims: ClaimStore,
        running: RunningAttempts,
        ledger: ResourceLedger,
        executor: PluginExecutor,
        reporter: Reporter,
        disk: DiskGuard,
        executor_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts; `executor_lost` is called when a run ended with its executor."""
        self._worker = worker
        self._claims = claims
        self._running = running
        self._ledger = ledger
        self._executor = executor
        self._reporter = reporter
        self._disk = disk
        self._executor_lost = executor_lost
        self._manifests = ManifestCache()

    def run(
        self, raw: dict[str, Any], *, callbacks: list[dict[str, Any]], received_at_s: float
    ) -> Outcome | None:
        """Run the attempt of a message and report its outcome; None when nothing was to be run.

        `received_at_s` is on the clock of `time.perf_counter`.
        """
        message = JobMessage.model_validate(raw)
        key = (message.job_id, message.attempt)
        claim = self._claims.claim(*key)
        clock = _AttemptClock(
            received_at_s=received_at_s,
            claimed_ms=(time.perf_counter() - received_at_s) * 1000,
            started_at=datetime.now(UTC),
        )
        if claim in {ClaimResult.DUPLICATE, ClaimResult.STALE, ClaimResult.UNKNOWN}:
            logger.info("attempt dropped", job_id=message.job_id, attempt=message.attempt, claim=claim)
            return None
        held = self._running.add(key)
        if claim is ClaimResult.CANCELLED:
            result = RunResult(status=RunStatus.CANCELLED)
            held.stop = Stop.CANCELLED
        else:
            self._reporter.started(
                StartedReport(
                    job_id=message.job_id,
                    attempt=message.attempt,
                    worker=self._worker,
                    started_at=clock.started_at,
                )
            )
            result = self._run(message, held)
        self._running.finish(key)
        try:
            outcome = self._outcome(message, held, result, clock)
            self._reporter.finished(outcome, callbacks=callbacks)
        except Exception:
            # Not reported, so not held either: the lease runs out and the job runs again.
            self._running.release(key)
            raise
        return outcome

    def _outcome(
        self, message: JobMessage, held: HeldAttempt, result: RunResult, clock: _AttemptClock
    ) -> Outcome:
        answered_at_s = time.perf_counter()
        total_ms = (answered_at_s - clock.received_at_s) * 1000
        waited_ms = total_ms - clock.claimed_ms - result.prepared_ms - result.ran_ms
        return Outcome(
            job_id=message.job_id,
            attempt=message.attempt,
            worker=self._worker,
            status=_status_of(result, held),
            result_json=result.result_json.decode() if result.result_json is not None else None,
            error=result.error,
            started_at=clock.started_at,
            finished_at=datetime.now(UTC),
            timings=WorkerTimings(
                claimed_ms=clock.claimed_ms,
                # Waiting for room and the way to the executor are part of getting ready.
                prepared_ms=max(0.0, waited_ms) + result.prepared_ms,
                ran_ms=result.ran_ms,
                reported_ms=(time.perf_counter() - answered_at_s) * 1000,
                start=result.start,
            ),
            progress=result.progress,
            log=result.log,
        )

    def _run(self, message: JobMessage, held: HeldAttempt) -> RunResult:
        try:
            manifest = self._manifests.parse(message.plugin_digest, message.manifest_json)
            if not self._ledger.can_ever_fit(manifest.resources):
                return _failed(ErrorKind.RESOURCES, _too_much(manifest, self._ledger))
            grant = self._ledger.acquire(
                manifest, message.plugin_digest, is_stopped=lambda: held.stop is not None
            )
            if grant is None:
                return RunResult(status=RunStatus.CANCELLED)
            try:
                return self._execute(message, grant, held)
            finally:
                self._ledger.release(grant)
        except ExecutorLost as error:
            self._executor_lost()
            return _failed(ErrorKind.LOST, f"The attempt was lost: {error}")
        except Exception as error:
            logger.exception("attempt failed", job_id=message.job_id, attempt=message.attempt)
            return _failed(ErrorKind.INTERNAL, f"The worker failed: {error}")

    def _execute(self, message: JobMessage, grant: Grant, held: HeldAttempt) -> RunResult:
        execution = Execution(
            job_id=message.job_id,
            attempt=message.attempt,
            owner_id=message.owner_id,
            plugin_digest=message.plugin_digest,
            manifest_json=message.manifest_json,
            input_json=message.input_json.encode(),
            timeout_s=message.timeout_s,
            gpu_ids=grant.gpu_ids,
            spare_room=grant.spare_room,
        )
        if held.stop is not None or not self._disk.wait_for_room(is_stopped=lambda: held.stop is not None):
            return RunResult(status=RunStatus.CANCELLED)
        result = self._executor.run(execution)
        if result.error is not None and result.error.kind is ErrorKind.INTERNAL and not self._disk.has_room():
            # The plugin is not to blame and a retry elsewhere may go well: handed back, not failed.
            return RunResult(status=RunStatus.CANCELLED)
        return result


def _status_of(result: RunResult, held: HeldAttempt) -> OutcomeStatus:
    if result.status is RunStatus.CANCELLED:
        return OutcomeStatus.INTERRUPTED if held.stop is not Stop.CANCELLED else OutcomeStatus.CANCELLED
    return OutcomeStatus(result.status)


def _failed(kind: ErrorKind, message: str) -> RunResult:
    return RunResult(status=RunStatus.FAILED, error=JobError(kind=kind, message=message))


def _too_much(manifest: PluginManifest, ledger: ResourceLedger) -> str:
    wanted, total = manifest.resources, ledger.total()
    return (
        f"{manifest.name} asks for {wanted.cpus:g} CPUs, {wanted.memory_mib} MiB, {wanted.gpus:g} cards; "
        f"this worker has {total.cpus:g} CPUs, {total.memory_mib} MiB, {total.gpus:g} cards."
    )
