"""One attempt on a cluster: brought there, submitted, followed to its end, and collected."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from analysis_server.connector import agent_messages as messages
from analysis_server.connector.agent import AgentRefused
from analysis_server.connector.agent_messages import ExitReason, ExitRecord, RemoteState
from analysis_server.connector.cluster import Cluster
from analysis_server.connector.job_watch import Sight, is_over
from analysis_server.connector.patience import GivenUp, LetGo
from analysis_server.connector.run_plan import PlanUnfit, RunPlan, plan_of
from analysis_server.connector.ssh.errors import SshError
from analysis_server.connector.transfer.errors import TransferError, TransferStopped
from analysis_server.connector.verdict import error_of, not_brought
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.process.source import PluginSourceMissing
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.told_later import ToldLater
from analysis_server.runtimes.run.verdict import RunClock, failed
from analysis_server.runtimes.secrets.errors import SecretMissing, SecretsUnavailable
from analysis_server.runtimes.secrets.mask import SecretMask
from satellite.contracts.cluster_handle import folder_of, handle_of
from satellite.contracts.outcome import ErrorKind, JobError

LOOK_S: Final = 0.5
"""Between two looks at whether the run was stopped, or its log has something to tell."""
CANCEL_AGAIN_S: Final = 5.0
HANDED_BACK: Final = RunResult(status=RunStatus.CANCELLED)
"""Of an attempt that never began and never will: unless its end was asked for, the job is handed back."""

_UNFIT: Final = {
    PlanUnfit: ErrorKind.INPUT,
    PluginSourceMissing: ErrorKind.IMAGE,
    SecretMissing: ErrorKind.INPUT,
    SecretsUnavailable: ErrorKind.INTERNAL,
}
"""What keeps an attempt from being brought anywhere, and what its job is then told."""

Answer = TypeVar("Answer")


class ClusterRun:
    """Goes with an attempt from a worker's message, or from its handle, to its result.

    What the cluster does not answer to is asked again for ever. Only what it says ends the attempt.
    """

    def __init__(
        self, cluster: Cluster, request: RunRequest, listener: RunListener, control: RunControl
    ) -> None:
        """Take what belongs to the run."""
        self._cluster = cluster
        self._request = request
        self._listener = ToldLater(listener)
        self._control = control
        self._name = folder_of(request.key)
        self._log = LogCapture(self._listener, max_bytes=request.max_log_bytes)
        self._report = cluster.report_of(request)
        self._began_s = time.perf_counter()
        self._running_since_s: float | None = None

    def begin(self) -> RunResult:
        """Bring the attempt to the cluster, and go with it to its end."""
        self._listener.open()
        try:
            plan = plan_of(self._request, self._cluster.sources)
            secrets = self._secrets(plan.secrets)
        except tuple(_UNFIT) as error:
            return failed(_UNFIT[type(error)], str(error))
        try:
            self._stage(plan)
        except (GivenUp, TransferStopped):
            # Nothing was submitted by us. By whoever had the attempt before, nobody knows.
            return self._unless_it_runs(HANDED_BACK)
        except TransferError as error:
            return self._unless_it_runs(not_brought(error))
        return self._submit(plan, secrets)

    def go_on(self) -> RunResult:
        """Go with an attempt that somebody else has brought there, or not."""
        self._tell("attached")
        return self._unless_it_runs(HANDED_BACK)

    def _secrets(self, names: tuple[str, ...]) -> dict[str, str]:
        if not names:
            return {}
        found = self._cluster.secrets.fetch(self._request.key)
        missing = [name for name in names if name not in found]
        if missing:
            raise SecretMissing(f"The secret {missing[0]} was not given to the worker.")
        return {name: found[name] for name in names}

    def _known_secrets(self) -> dict[str, str]:
        """Return what is to be masked of an attempt whose input is not known here: all there is."""
        try:
            return dict(self._cluster.secrets.fetch(self._request.key))
        except (SecretMissing, SecretsUnavailable):
            return {}

    def _stage(self, plan: RunPlan) -> None:
        self._tell("transferring")
        self._cluster.patience.ask(
            "stage",
            lambda: self._cluster.staging.bring(plan, is_stopped=self._is_stopped, sent=self._report.sent),
            unless_stopped=self._control,
        )

    def _submit(self, plan: RunPlan, secrets: dict[str, str]) -> RunResult:
        # From here on it may run there, whatever becomes of this process.
        self._listener.attachable(
            handle_of(self._request.key, cluster=self._cluster.spec.name, began_at=self._report.began_at)
        )
        request = self._cluster.submission_of(plan.submit, secrets)
        try:
            answer = self._ask(
                "submit", lambda: self._cluster.agent.ask("submit", request, messages.SubmitAnswer)
            )
        except AgentRefused as error:
            return self._unless_it_runs(failed(ErrorKind.INPUT, f"The cluster takes it not: {error}"))
        if answer.state is messages.SubmitState.BURIED:
            return HANDED_BACK
        self._tell("submitted")
        self._let_inputs_go()
        return self._follow(secrets)

    def _let_inputs_go(self) -> None:
        """Remove what was fetched for the job: the cluster has it, and the job may take days."""
        if self._request.inputs is not None:
            shutil.rmtree(self._request.inputs.folder, ignore_errors=True)

    def _unless_it_runs(self, result: RunResult) -> RunResult:
        """Return a result of an attempt that never began and now never will; of another, go with it."""
        state = self._ask("bury", self._asked_to_bury)
        return result if state is RemoteState.BURIED else self._follow(self._known_secrets())

    def _asked_to_bury(self) -> RemoteState:
        request = messages.BuryRequest(name=self._name)
        return self._cluster.agent.ask("bury", request, messages.StateAnswer).state

    def _follow(self, secrets: dict[str, str]) -> RunResult:
        masked = SecretMask(secrets.values()).stream(self._log.write)
        with contextlib.ExitStack() as stack:
            saw = stack.enter_context(self._cluster.early.of(self._request, self._report))
            stack.enter_context(self._cluster.outputs.of(self._name, self._report, saw))
            job = stack.enter_context(self._cluster.watch.of(self._name))
            cancel_at_s = 0.0
            while True:
                sight = job.next(LOOK_S)
                if sight is not None:
                    masked.write(sight.log)
                    self._note(sight)
                    if is_over(sight.report.state) and not sight.log_left:
                        break
                self._log.flush_when_due()
                if self._cluster.closed.is_set():
                    raise LetGo
                if self._control.reason is not None and time.monotonic() > cancel_at_s:
                    self._cancel()
                    cancel_at_s = time.monotonic() + CANCEL_AGAIN_S
        masked.finish()
        return self._conclude(sight.report)

    def _note(self, sight: Sight) -> None:
        report = sight.report
        if report.state is RemoteState.RUNNING and self._running_since_s is None:
            self._running_since_s = time.perf_counter()
        if self._report.seen(report):
            self._tell(report.state, report.message)
        if not sight.log_left and not self._listener.is_open:
            # All that came so far was told live by whoever had the attempt before.
            self._log.flush()
            self._listener.open()

    def _cancel(self) -> None:
        request = messages.CancelRequest(name=self._name)
        self._ask("cancel", lambda: self._cluster.agent.ask("cancel", request, messages.StateAnswer))

    def _conclude(self, report: messages.JobReport) -> RunResult:
        if (
            report.state in {RemoteState.BURIED, RemoteState.ABSENT, RemoteState.STAGED}
            and report.exit is None
        ):
            return self._without_record(report.state)
        exit_ = report.exit or ExitRecord(reason=ExitReason.LOST, ended_at=0)
        log = self._log.finish()
        clock = self._clock()
        if exit_.reason is ExitReason.CANCELLED:
            self._end()
            return RunResult(status=RunStatus.CANCELLED, log=log, ran_ms=clock.ran_ms)
        error = error_of(self._request, exit_, tail=self._log.tail() or "")
        status = RunStatus.FAILED if error else RunStatus.COMPLETED
        result = RunResult(
            status=status,
            error=error,
            log=log,
            prepared_ms=clock.prepared_ms,
            ran_ms=clock.ran_ms,
            progress=self._log.progress,
        )
        if status is RunStatus.COMPLETED:
            result = self._collect(result, report, exit_)
        self._end()
        return result

    def _without_record(self, state: RemoteState) -> RunResult:
        """Return the result of an attempt of which the cluster has nothing, and from now on never will."""
        if (
            state is not RemoteState.BURIED
            and self._ask("bury", self._asked_to_bury) is not RemoteState.BURIED
        ):
            return self._follow(self._known_secrets())
        if self._running_since_s is None:
            return HANDED_BACK
        return failed(ErrorKind.LOST, "The job's folder was removed from the cluster while it ran.")

    def _collect(self, result: RunResult, report: messages.JobReport, exit_: ExitRecord) -> RunResult:
        self._tell("collecting")
        with self._folder() as folder:
            try:
                return self._cluster.patience.ask(
                    "collect",
                    lambda: self._cluster.collecting.take(
                        self._request,
                        result,
                        self._name,
                        report=report,
                        exit_=exit_,
                        told=self._report,
                        folder=folder,
                    ),
                )
            except (TransferError, OSError) as error:
                message = f"What the job wrote could not be brought from the cluster: {error}"
                failure = JobError(kind=ErrorKind.OUTPUT, message=message)
                return replace(result, status=RunStatus.FAILED, error=failure)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Have a folder for what is brought back; of a worker that stores no files it is thrown away."""
        if self._request.collect_into is not None:
            yield Path(self._request.collect_into)
            return
        with tempfile.TemporaryDirectory(prefix="satellite-collected-") as folder:
            yield Path(folder)

    def _end(self) -> None:
        """Let the cluster remove the job's folder after its time, and tell so."""
        request = messages.CollectedRequest(name=self._name)
        with contextlib.suppress(SshError, AgentRefused):
            self._cluster.agent.ask("collected", request, messages.CollectedAnswer)
        self._report.ended()

    def _clock(self) -> RunClock:
        now_s = time.perf_counter()
        since_s = self._running_since_s or now_s
        return RunClock(prepared_ms=(since_s - self._began_s) * 1000, ran_ms=(now_s - since_s) * 1000)

    def _tell(self, phase: str, message: str = "") -> None:
        self._report.phase(phase)
        told = f"{phase}: {message}" if message else phase
        self._listener.progress(self._log.progress or 0.0, told)

    def _is_stopped(self) -> bool:
        return self._control.reason is not None or self._cluster.closed.is_set()

    def _ask(self, what: str, ask: Callable[[], Answer]) -> Answer:
        return self._cluster.patience.ask(what, ask)
