"""The Kubernetes runtime: a bare pod for every job, which outlives the worker that made it."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi
from analysis_server.runtimes.kubernetes.entry_input import input_line
from analysis_server.runtimes.kubernetes.janitor import PodJanitor
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.kubernetes.run import PodRun
from analysis_server.runtimes.kubernetes.spare import PodSpare
from analysis_server.runtimes.kubernetes.starter import PodNotStarted, PodStarter
from analysis_server.runtimes.kubernetes.template import active_deadline_s, job_pod, spare_pod
from analysis_server.runtimes.plugin_runtime import PluginRuntime, lost_elsewhere, swept
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.run.plugin_input import InputTooLong
from analysis_server.runtimes.secrets.errors import SecretsNotGiven
from analysis_server.runtimes.secrets.giving import SecretGiver
from analysis_server.runtimes.serving.connection import ServerConnection, Sink
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.contracts.run_handle import RunHandle

logger = structlog.get_logger(__name__)

NO_SERVERS: Final = "Plugins that stay loaded do not run as pods yet; run them on a worker with containers."
NO_FILES: Final = "Files do not reach pods yet; run jobs with files on a worker with containers."
NO_COMMAND: Final = (
    "The manifest has no `command`. A pod runs what it names, because nobody tells a worker the image's own."
)


class KubernetesRuntime(PluginRuntime[PodSpare]):
    """Runs each attempt in a pod of its own, which is deleted when its run has ended."""

    name = "kubernetes"

    def __init__(
        self,
        *,
        stack_id: str,
        options: KubernetesOptions,
        secrets: SecretGiver,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Connect to nothing yet; an API server that is down shows as failed runs."""
        super().__init__(servers=None, standby=standby)
        self._options = options
        self._api = KubernetesApi(options)
        self._starter = PodStarter(self._api, options)
        self._janitor = PodJanitor(self._api, stack_id=stack_id)
        self._secrets = secrets
        self._removers = ThreadPoolExecutor(4, thread_name_prefix="pod-remover")

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Tell what keeps a plugin from running as a pod; images are had by the nodes."""
        if manifest.mode is PluginMode.SERVER:
            return JobError(kind=ErrorKind.RESOURCES, message=NO_SERVERS)
        if manifest.command is None:
            return JobError(kind=ErrorKind.IMAGE, message=NO_COMMAND)
        return None

    def open_connection(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ServerConnection:
        """Start nothing: `prepare` and `run` have said so."""
        raise NotImplementedError(NO_SERVERS)

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt in a pod of its own."""
        if (error := self._refusal(request)) is not None:
            return RunResult(status=RunStatus.FAILED, error=error)
        return super().run(request, listener)

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a pod could not be run."""
        if isinstance(error, PodNotStarted):
            return error.error
        if isinstance(error, InputTooLong | SecretsNotGiven):
            return JobError(kind=error.kind, message=str(error))
        if isinstance(error, API_FAULTS):
            return JobError(kind=ErrorKind.INTERNAL, message=f"The API server of Kubernetes: {error}"[:1000])
        logger.error("pod not run", plugin=manifest.name, exc_info=error)
        return JobError(kind=ErrorKind.INTERNAL, message=f"The Kubernetes runtime failed: {error}")

    def place(self) -> str | None:
        """Name the cluster and the namespace."""
        return self._api.place()

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove the pods of attempts that nobody runs any more, nor will go on with."""
        here = self._runs.keys()
        self._secrets.sweep()
        return swept(lambda: self._janitor.sweep({*live, *here}, {*adoptable, *here}), faults=API_FAULTS)

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove the pods that dead workers left behind and nobody will go on with."""
        self._secrets.sweep()
        return swept(lambda: self._janitor.sweep_orphans(adoptable), faults=API_FAULTS)

    def close(self) -> None:
        """End what runs, wait for removals under way, and close the connections."""
        super().close()
        self._removers.shutdown(wait=True)
        self._api.close()
        self._secrets.close()

    def _refusal(self, request: RunRequest) -> JobError | None:
        if request.inputs is not None:
            return JobError(kind=ErrorKind.RESOURCES, message=NO_FILES)
        return self.prepare(request.manifest)

    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        spare = self._take_spare(request, control)
        secrets = self._secrets.hand_over(spare.secrets, request) if spare else self._secrets.give(request)
        pod = job_pod(request, self._options)
        name = spare.name if spare else str(pod["metadata"]["name"])
        try:
            line = input_line(request, secrets)
            control.arm(lambda: self._begin_removal(name))
            if spare:
                self._api.limit(name, self._deadline_of_spare(spare, request))
            else:
                self._starter.start(pod, is_stopped=lambda: control.reason is not None)
            if control.reason is StopReason.CANCELLED:
                return RunResult(status=RunStatus.CANCELLED)
            run = PodRun(
                request, api=self._api, name=name, listener=listener, control=control, secrets=secrets
            )
            start = StartKind.STANDBY if spare else StartKind.COLD
            return run.converse(line, prepared_ms=(time.perf_counter() - began) * 1000, start=start)
        finally:
            control.disarm()
            secrets.remove()
            self._discard(name, now=control.reason is StopReason.CANCELLED)

    def _attach(
        self, request: RunRequest, handle: RunHandle, listener: RunListener, control: RunControl
    ) -> RunResult:
        if (handle.runtime, handle.place) != (self.name, self._api.place()):
            return lost_elsewhere()
        run = PodRun(request, api=self._api, name=handle.name, listener=listener, control=control)
        try:
            control.arm(lambda: self._begin_removal(handle.name))
            return run.resume(handle)
        finally:
            control.disarm()
            self._discard(handle.name, now=control.reason is StopReason.CANCELLED)

    def _start_spare(self, request: RunRequest) -> PodSpare:
        secrets = self._secrets.give_spare(request)
        pod = spare_pod(request, self._options)
        name = str(pod["metadata"]["name"])
        try:
            self._starter.start(pod, is_stopped=lambda: False)
        except BaseException:
            secrets.remove()
            self._janitor.remove(name)
            raise
        return PodSpare(name, self._api, secrets)

    def _deadline_of_spare(self, spare: PodSpare, request: RunRequest) -> int:
        # It counts from the start of the pod.
        return int(time.monotonic() - spare.started_at) + active_deadline_s(request, self._options)

    def _begin_removal(self, name: str) -> None:
        self._removers.submit(self._janitor.remove, name)

    def _discard(self, name: str, *, now: bool) -> None:
        # A job is only called cancelled once its pod has ended; all others need not wait for that.
        if now:
            self._janitor.remove_and_wait(name)
        else:
            self._begin_removal(name)
