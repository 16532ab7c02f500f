"""One attempt from the message to the outcome: claim, admit, run, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from analysis_server.execution.admission.allocation import Allocation
from analysis_server.execution.admission.port import Admission
from analysis_server.execution.claim import ClaimResult, ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.executor import ExecutorLost, PluginExecutor
from analysis_server.execution.files.artifact_sender import ArtifactSender
from analysis_server.execution.files.input_fetcher import InputFetcher
from analysis_server.execution.files.model_store import ModelStore
from analysis_server.execution.files.transfers import (
    IsStopped,
    TransferDamaged,
    TransferFailed,
    TransferStopped,
)
from analysis_server.execution.running import HeldAttempt, RunningAttempts, Stop
from analysis_server.reporting.port import Reporter
from analysis_server.runtimes.manifests import parse_manifest
from analysis_server.runtimes.port import FetchedInputs, ModelFolder, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.residents import resident_of
from analysis_server.settings import WorkerSettings
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.attempt_number import with_attempt
from satellite.contracts.job import JobMessage, StartedReport
from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus, WorkerTimings
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.contracts.requires import RuntimeName
from satellite.contracts.run_handle import RunHandle
from satellite.contracts.worker_class import WorkerClass
from satellite.tracing.spans import in_log_lines, span

ATTACH_TRIES = 4

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttemptClock:
    """When an attempt was received (`time.perf_counter`), how long its claim took, and when it began."""

    received_at_s: float
    claimed_ms: float
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """Where a run gets its files from, and where those that it writes go."""

    inputs: FetchedInputs | None = None
    collect_into: str | None = None
    model: ModelFolder | None = None


class _ModelUnfit(Exception):
    """The version of a model that a job asks cannot be had as it was registered."""


class AttemptRunner:
    """Runs attempts on the threads that call it."""

    def __init__(
        self,
        *,
        settings: WorkerSettings,
        worker_class: WorkerClass,
        claims: ClaimStore,
        running: RunningAttempts,
        admission: Admission,
        executor: PluginExecutor,
        reporter: Reporter,
        disk: DiskGuard,
        inputs: InputFetcher,
        models: ModelStore,
        artifacts: ArtifactSender,
        executor_lost: Callable[[], None] = lambda: None,
        alone: Callable[[Callable[[], bool]], AbstractContextManager[None]] = lambda _: nullcontext(),
        gives_back: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take the parts; `executor_lost` is called when a run ended with its executor.

        `alone` keeps others away: it waits for their end, unless it is told to stop, and lets none begin.
        `gives_back` tells whether attempts that still wait for room shall rather go to other workers.
        """
        self._settings = settings
        self._worker_class = worker_class
        self._claims = claims
        self._running = running
        self._admission = admission
        self._executor = executor
        self._reporter = reporter
        self._disk = disk
        self._inputs = inputs
        self._models = models
        self._artifacts = artifacts
        self._executor_lost = executor_lost
        self._alone = alone
        self._gives_back = gives_back

    def run(
        self, raw: dict[str, Any], *, callbacks: list[dict[str, Any]], received_at_s: float
    ) -> Outcome | None:
        """Run the attempt of a message and report its outcome; None when nothing was to be run.

        `received_at_s` is on the clock of `time.perf_counter`.
        """
        message = JobMessage.model_validate(raw)
        with in_log_lines(message.traceparent):
            return self._claim_and_run(message, callbacks, received_at_s)

    def _claim_and_run(
        self, message: JobMessage, callbacks: list[dict[str, Any]], received_at_s: float
    ) -> Outcome | None:
        key = message.key
        with span("claim", message.traceparent, worker=self._settings.name) as claiming:
            claim = self._claims.claim(key)
            claiming.note(claim=claim)
        clock = _AttemptClock(
            received_at_s=received_at_s,
            claimed_ms=(time.perf_counter() - received_at_s) * 1000,
            started_at=datetime.now(UTC),
        )
        if claim in {ClaimResult.DUPLICATE, ClaimResult.STALE, ClaimResult.UNKNOWN}:
            logger.info("attempt dropped", job_id=message.job_id, attempt=message.attempt, claim=claim)
            return None
        held = self._running.add(key, started_at=clock.started_at)
        if claim is ClaimResult.CANCELLED:
            result = RunResult(status=RunStatus.CANCELLED)
            held.stop = Stop.CANCELLED
        else:
            self._reporter.started(
                StartedReport(
                    job_id=message.job_id,
                    attempt=message.attempt,
                    uid=message.uid,
                    worker=self._settings.name,
                    started_at=clock.started_at,
                )
            )
            called_off = partial(self._is_called_off, held)
            company = self._alone(called_off) if message.runs_alone else nullcontext()
            with company:
                result = self._guarded(held, lambda: self._run(message, held))
        return self._report(held, result, clock, callbacks, message.traceparent)

    def adopt(self, offer: AdoptionOffer) -> Outcome:
        """Go on with a run that a dead worker has left, whose offer and lease were taken, and report it."""
        clock = _AttemptClock(received_at_s=time.perf_counter(), claimed_ms=0, started_at=offer.started_at)
        held = self._running.add(
            offer.key, started_at=offer.started_at, generation=offer.generation, handle=offer.handle
        )
        with in_log_lines(offer.traceparent):
            result = self._guarded(held, lambda: self._go_on(offer, held))
            return self._report(held, result, clock, [], offer.traceparent)

    def _report(
        self,
        held: HeldAttempt,
        result: RunResult,
        clock: _AttemptClock,
        callbacks: list[dict[str, Any]],
        traceparent: str | None,
    ) -> Outcome:
        self._running.finish(held.key)
        try:
            outcome = self._outcome(held, result, clock, traceparent)
            self._reporter.finished(outcome, callbacks=callbacks)
        except Exception:
            # Not reported, so not held either: the lease runs out and the job runs again.
            self._running.release(held.key)
            raise
        return outcome

    def _outcome(
        self, held: HeldAttempt, result: RunResult, clock: _AttemptClock, traceparent: str | None
    ) -> Outcome:
        answered_at_s = time.perf_counter()
        total_ms = (answered_at_s - clock.received_at_s) * 1000
        waited_ms = total_ms - clock.claimed_ms - result.prepared_ms - result.ran_ms - result.sent_ms
        return Outcome(
            job_id=held.key.job_id,
            attempt=held.key.attempt,
            uid=held.key.uid,
            worker=self._settings.name,
            generation=held.generation,
            status=_status_of(result, held),
            result_json=result.result_json.decode() if result.result_json is not None else None,
            result_preview=result.result_preview,
            error=result.error,
            started_at=clock.started_at,
            finished_at=datetime.now(UTC),
            timings=WorkerTimings(
                claimed_ms=clock.claimed_ms,
                # Waiting for room and the way to the executor are part of getting ready.
                prepared_ms=max(0.0, waited_ms) + result.prepared_ms,
                ran_ms=result.ran_ms,
                reported_ms=result.sent_ms + (time.perf_counter() - answered_at_s) * 1000,
                start=result.start,
            ),
            progress=result.progress,
            log=result.log,
            artifacts=list(result.artifacts),
            traceparent=traceparent,
        )

    def _guarded(self, held: HeldAttempt, work: Callable[[], RunResult]) -> RunResult:
        try:
            return work()
        except ExecutorLost as error:
            self._executor_lost()
            return _failed(ErrorKind.LOST, f"The attempt was lost: {error}")
        except Exception as error:
            logger.exception("attempt failed", attempt=held.key)
            return _failed(ErrorKind.INTERNAL, f"The worker failed: {error}")

    def _run(self, message: JobMessage, held: HeldAttempt) -> RunResult:
        manifest = parse_manifest(message.manifest_json)
        requires = manifest.requires.narrowed_by(message.requires)
        refusals = list(self._worker_class.refusals(requires, manifest.resources))
        if refusals:
            # Sent before the dispatcher knew this worker: handed back, and placed anew.
            logger.info("attempt handed back", job_id=message.job_id, this_worker=refusals)
            return RunResult(status=RunStatus.CANCELLED)
        fetching = self._inputs.fetched(message.key, message.input_files, is_stopped=held.is_stopped)
        try:
            with self._artifacts.collecting() as collect_into:
                # Before there is room for the run: while it waits for that, or for others that have it.
                with fetching as inputs:
                    model = self._fetch_model(message, held.is_stopped)
                    files = _Files(inputs=inputs, collect_into=collect_into, model=model)
                    result = self._admit(message, manifest, held, files=files, runtime=requires.runtime)
                # And after that: others have the room meanwhile.
                return self._artifacts.send(
                    held.key, message.artifacts_grant, result, is_stopped=held.is_stopped
                )
        except TransferStopped:
            return RunResult(status=RunStatus.CANCELLED)
        except _ModelUnfit as error:
            return _failed(ErrorKind.IMAGE, str(error))
        except TransferFailed as error:
            return _failed(ErrorKind.INTERNAL, str(error))

    def _fetch_model(self, message: JobMessage, is_stopped: IsStopped) -> ModelFolder | None:
        if message.model is None:
            return None
        try:
            return self._models.get(message.key, message.model, is_stopped=is_stopped)
        except TransferDamaged as error:
            asked = f"{message.model.name}@{message.model.version}"
            raise _ModelUnfit(f"The model {asked} is damaged in the storage: {error}") from error

    def _admit(
        self,
        message: JobMessage,
        manifest: PluginManifest,
        held: HeldAttempt,
        *,
        files: _Files,
        runtime: RuntimeName | None,
    ) -> RunResult:
        resident = resident_of(
            manifest,
            message.plugin_digest,
            message.owner_id,
            model_digest=None if message.model is None else message.model.digest,
        )
        with span("admit", message.traceparent):
            called_off = partial(self._is_called_off, held)
            allocation = (
                None if called_off() else self._admission.acquire(manifest, resident, is_stopped=called_off)
            )
        if allocation is None:
            return RunResult(status=RunStatus.CANCELLED)
        try:
            with span("run", message.traceparent, plugin=manifest.name) as running:
                request = self._request(
                    message,
                    allocation,
                    input_json=with_attempt(
                        message.input_json.encode(), manifest.input_schema, message.attempt
                    ),
                    files=files,
                    runtime=runtime,
                    traceparent=running.traceparent,
                )
                result = self._execute(request, held)
                running.note(status=result.status, start=result.start)
                return result
        finally:
            self._admission.release(allocation)

    def _is_called_off(self, held: HeldAttempt) -> bool:
        """Tell whether an attempt that has not begun to run shall not do so here."""
        return held.is_stopped() or self._gives_back()

    def _go_on(self, offer: AdoptionOffer, held: HeldAttempt) -> RunResult:
        try:
            with self._artifacts.collecting() as collect_into:
                result = self._follow(offer, _Files(collect_into=collect_into))
                return self._artifacts.send(
                    held.key, offer.artifacts_grant, result, is_stopped=held.is_stopped
                )
        except TransferStopped:
            return RunResult(status=RunStatus.CANCELLED)

    def _follow(self, offer: AdoptionOffer, files: _Files) -> RunResult:
        manifest = parse_manifest(offer.manifest_json)
        resident = resident_of(manifest, offer.plugin_digest, offer.owner_id)
        allocation = self._admission.take_running(manifest, resident, offer.handle.gpu_ids)
        try:
            with span("run", offer.traceparent, plugin=manifest.name, generation=offer.generation) as running:
                request = self._request(offer, allocation, input_json=b"", files=files)
                result = self._attach(request, offer.handle)
                running.note(status=result.status)
                return result
        finally:
            self._admission.release(allocation)

    def _request(
        self,
        told: JobMessage | AdoptionOffer,
        allocation: Allocation,
        *,
        input_json: bytes,
        files: _Files,
        runtime: RuntimeName | None = None,
        traceparent: str | None = None,
    ) -> RunRequest:
        return RunRequest(
            job_id=told.job_id,
            attempt=told.attempt,
            uid=told.uid,
            owner_id=told.owner_id,
            worker=self._settings.name,
            stack_id=self._settings.stack_id,
            plugin_digest=told.plugin_digest,
            manifest_json=told.manifest_json,
            input_json=input_json,
            timeout_s=told.timeout_s,
            gpu_ids=allocation.gpu_ids,
            runtime=runtime,
            max_result_bytes=self._result_bytes_max(told, files),
            max_log_bytes=self._settings.max_log_bytes,
            spare_allowance=allocation.spare_allowance,
            shares_files=self._settings.api_url is not None,
            max_output_bytes=self._settings.max_output_bytes,
            max_output_files=self._settings.max_output_files,
            inputs=files.inputs,
            model=files.model,
            collect_into=files.collect_into,
            traceparent=traceparent,
        )

    def _result_bytes_max(self, told: JobMessage | AdoptionOffer, files: _Files) -> int:
        most = self._settings.max_result_bytes
        is_stored = files.collect_into is not None and told.artifacts_grant is not None
        if is_stored and parse_manifest(told.manifest_json).mode is PluginMode.ONESHOT:
            return min(most, self._settings.max_output_bytes)
        # It has to fit into an answer.
        return min(most, JSON_BYTES_MAX)

    def _execute(self, request: RunRequest, held: HeldAttempt) -> RunResult:
        if held.is_stopped() or not self._disk.wait_for_room(is_stopped=held.is_stopped):
            return RunResult(status=RunStatus.CANCELLED)
        result = self._run_in_executor(request, held)
        if result.error is not None and result.error.kind is ErrorKind.INTERNAL and not self._disk.has_room():
            # The plugin is not to blame and a retry elsewhere may go well: handed back, not failed.
            return RunResult(status=RunStatus.CANCELLED)
        return result

    def _run_in_executor(self, request: RunRequest, held: HeldAttempt) -> RunResult:
        try:
            return self._executor.run(request)
        except ExecutorLost:
            if held.handle is None:
                raise
            self._executor_lost()
            return self._attach(request, held.handle)

    def _attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        """Go on with a run, and again if that executor dies as well.

        Raises:
            ExecutorLost: so many did that it may be the run that kills them.
        """
        for _ in range(ATTACH_TRIES - 1):
            try:
                return self._executor.attach(request, handle)
            except ExecutorLost as error:
                logger.warning(
                    "executor lost, run is attached to again", attempt=request.key, error=str(error)
                )
                self._executor_lost()
        return self._executor.attach(request, handle)


def _status_of(result: RunResult, held: HeldAttempt) -> OutcomeStatus:
    if result.status is RunStatus.CANCELLED:
        return OutcomeStatus.INTERRUPTED if held.stop is not Stop.CANCELLED else OutcomeStatus.CANCELLED
    return OutcomeStatus(result.status)


def _failed(kind: ErrorKind, message: str) -> RunResult:
    return RunResult(status=RunStatus.FAILED, error=JobError(kind=kind, message=message))
