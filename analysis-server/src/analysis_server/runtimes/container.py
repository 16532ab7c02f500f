"""The container runtime: a locked-down container for every job, or for every plugin that serves."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

import structlog
from docker.errors import ImageNotFound

from analysis_server.runtimes import container_faults
from analysis_server.runtimes.container_faults import engine_fault, image_missing
from analysis_server.runtimes.container_janitor import ContainerJanitor
from analysis_server.runtimes.container_kill import ContainerKiller
from analysis_server.runtimes.container_link import ContainerLink
from analysis_server.runtimes.container_run import ContainerRun
from analysis_server.runtimes.container_session import ContainerSession
from analysis_server.runtimes.container_spare import ContainerSpare
from analysis_server.runtimes.container_starter import ContainerStarter
from analysis_server.runtimes.engine import ENGINE_FAULTS, Engine, inspect_image
from analysis_server.runtimes.plugin_input import PluginSecrets
from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run_control import ActiveRuns, RunControl, StopReason
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import Sink
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.shelf import StandbyLimits
from satellite.contracts.outcome import JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

logger = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 15.0


class ContainerRuntime:
    """Runs each attempt in a container of its own, which is gone when `run` returns or soon after."""

    name = "container"

    def __init__(
        self,
        *,
        stack_id: str,
        secrets: PluginSecrets | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Connect to nothing yet; an engine that is down shows as failed runs."""
        self._engine = Engine()
        self._starter = ContainerStarter(self._engine, secrets or PluginSecrets())
        self._runs = ActiveRuns()
        self._janitor = ContainerJanitor(self._engine, stack_id=stack_id)
        self._removers = ThreadPoolExecutor(4, thread_name_prefix="container-remover")
        self._kills = ThreadPoolExecutor(4, thread_name_prefix="container-kill")
        self._killer = ContainerKiller(self._engine, self._kills)
        self._fleet = ServerFleet(self, servers)
        self._standby = StandbyPool(self._start_spare, standby)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Check that the engine has the image."""
        try:
            with self._engine.client() as client:
                inspect_image(client, manifest.docker_image)
        except ImageNotFound:
            return image_missing(manifest)
        except ENGINE_FAULTS as error:
            return engine_fault(error)
        return None

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt, in a fresh container or in its plugin's server."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                if request.manifest.mode is PluginMode.SERVER:
                    return self._fleet.run(request, listener, control)
                return self._run(request, listener, control, began)
            except Exception as error:  # noqa: BLE001 - what it means is told in one place
                return RunResult(status=RunStatus.FAILED, error=self.explain(error, request.manifest))

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
        return container_faults.explain(error, manifest)

    def loaded(self) -> list[str]:
        """Return the plugins whose servers are ready."""
        return self._fleet.loaded()

    def spares(self) -> int:
        """Return how many containers are on standby."""
        return self._standby.waiting()

    def cancel(self, job_id: int, attempt: int) -> bool:
        """Kill the attempt's container, or keep it from being started."""
        return self._runs.cancel((job_id, attempt))

    def stop_all(self, reason: str) -> int:
        """Kill every container of this runtime."""
        count = self._runs.stop_all()
        logger.info("containers stopped", count=count, reason=reason)
        return count

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove the containers of attempts that nobody runs any more."""
        try:
            return self._janitor.sweep({*live, *self._runs.keys()})
        except ENGINE_FAULTS as error:
            logger.warning("sweep failed", error=str(error))
            return 0

    def close(self) -> None:
        """Kill what runs, wait for removals under way, and close the connections."""
        self._runs.stop_all()
        self._runs.wait_until_idle(CLOSE_TIMEOUT_S)
        self._fleet.close()
        self._standby.close()
        self._kills.shutdown(wait=True)
        self._removers.shutdown(wait=True)
        self._engine.close()

    def _run(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        if control.reason is not None:
            return RunResult(status=RunStatus.CANCELLED)
        with self._engine.client() as client:
            spare = self._standby.take(request)
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

    def _start_spare(self, request: RunRequest) -> ContainerSpare:
        return ContainerSpare(self._starter.start_spare(request), self._janitor)
