"""The container runtime: a locked-down container for every job, or for every plugin that serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

import structlog

from analysis_server.runtimes.container import faults
from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine, ImageReferenceBad, inspect_image
from analysis_server.runtimes.container.janitor import ContainerJanitor
from analysis_server.runtimes.container.kill import ContainerKiller
from analysis_server.runtimes.container.link import ContainerLink
from analysis_server.runtimes.container.run import ContainerRun
from analysis_server.runtimes.container.session import ContainerSession
from analysis_server.runtimes.container.spare import ContainerSpare
from analysis_server.runtimes.container.starter import ContainerStarter
from analysis_server.runtimes.plugin_runtime import PluginRuntime
from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import Sink
from analysis_server.runtimes.standby.shelf import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.outcome import JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest

logger = structlog.get_logger(__name__)


class ContainerRuntime(PluginRuntime[ContainerSpare]):
    """Runs each attempt in a container of its own, which is gone when `run` returns or soon after."""

    name = "container"

    def __init__(
        self,
        *,
        stack_id: str,
        variables: WorkerVariables | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Connect to nothing yet; an engine that is down shows as failed runs."""
        super().__init__(servers=servers, standby=standby)
        variables = variables or WorkerVariables()
        self._engine = Engine(variables.engine)
        self._starter = ContainerStarter(self._engine, variables.secrets)
        self._janitor = ContainerJanitor(self._engine, stack_id=stack_id)
        self._removers = ThreadPoolExecutor(4, thread_name_prefix="container-remover")
        self._kills = ThreadPoolExecutor(4, thread_name_prefix="container-kill")
        self._killer = ContainerKiller(self._engine, self._kills)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Check that the engine has the image."""
        try:
            with self._engine.client() as client:
                inspect_image(client, manifest.docker_image)
        except (ImageReferenceBad, *ENGINE_FAULTS) as error:
            return self.explain(error, manifest)
        return None

    def open_link(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ContainerLink:
        """Start a container that serves any number of jobs."""
        return ContainerLink(
            self._starter.start_server(request),
            engine=self._engine,
            killer=self._killer,
            janitor=self._janitor,
            stdout=stdout,
            stderr=stderr,
        )

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a container could not be run."""
        return faults.explain(error, manifest)

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove the containers of attempts that nobody runs any more."""
        return self._swept(lambda: self._janitor.sweep({*live, *self._runs.keys()}))

    def sweep_orphans(self) -> int:
        """Remove the containers that dead workers left behind."""
        return self._swept(self._janitor.sweep_orphans)

    def close(self) -> None:
        """Kill what runs, wait for removals under way, and close the connections."""
        super().close()
        self._kills.shutdown(wait=True)
        self._removers.shutdown(wait=True)
        self._engine.close()

    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        with self._engine.client() as client:
            spare = self._take_spare(request, control)
            session = spare.session if spare else self._starter.start_for_job(client, request)
            try:
                control.arm(self._killer.killing(session.container_id))
                start = StartKind.STANDBY if spare else StartKind.COLD
                run = ContainerRun(request, listener=listener, control=control, session=session, start=start)
                return run.converse(client, prepared_ms=(time.perf_counter() - began) * 1000)
            finally:
                control.disarm()
                session.close()
                self._discard(session, now=control.reason is StopReason.CANCELLED)

    def _discard(self, session: ContainerSession, *, now: bool) -> None:
        # A job is only called cancelled once its container is gone; all others need not wait for that.
        if now:
            self._janitor.remove(session.container_id)
        else:
            self._removers.submit(self._janitor.remove, session.container_id)

    @staticmethod
    def _swept(sweep: Callable[[], int]) -> int:
        try:
            return sweep()
        except ENGINE_FAULTS as error:
            logger.warning("sweep failed", error=str(error))
            return 0

    def _start_spare(self, request: RunRequest) -> ContainerSpare:
        return ContainerSpare(self._starter.start_spare(request), self._janitor)
